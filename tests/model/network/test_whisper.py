"""Whisper's encoder: a small random one, against transformers and through both file formats."""

import struct
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.cli.main import main
from diffsheg_model.features.speech_encoder import OnnxSpeechEncoder

torch = pytest.importorskip('torch')
transformers = pytest.importorskip('transformers')


@pytest.fixture(scope='module')
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Whisper of 3 encoder layers, 32 wide, as `save_pretrained` writes it."""
    torch.manual_seed(3)
    config = transformers.WhisperConfig(
        d_model=32,
        encoder_layers=3,
        encoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_layers=1,
        decoder_attention_heads=4,
        decoder_ffn_dim=64,
        vocab_size=64,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        begin_suppress_tokens=None,
    )
    model = transformers.WhisperModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((parameter + 0.05 * torch.randn(parameter.shape)).half())
    folder = tmp_path_factory.mktemp('whisper') / 'model'
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope='module')
def exported(whisper: Path) -> OnnxSpeechEncoder:
    folder = whisper.parent / 'exported'
    command = ['export-speech', '--kind', 'whisper', '--source', str(whisper), '-o', str(folder)]
    assert main([*command, '--layers', '3']) == 0
    assert 'OpenAI' in (folder / 'LICENSE').read_text()
    return OnnxSpeechEncoder(folder, threads=1)


def test_equals_transformers(whisper: Path, exported: OnnxSpeechEncoder) -> None:
    """Half a minute, the only length that transformers takes, spectrogram included."""
    audio = 0.1 * np.random.default_rng(0).standard_normal(480000).astype(np.float32)
    extractor = transformers.WhisperFeatureExtractor(feature_size=80)
    heard = extractor(audio, sampling_rate=16000, return_tensors='pt').input_features
    model = transformers.WhisperModel.from_pretrained(whisper, local_files_only=True).eval()
    states = []
    model.encoder.layers[-1].register_forward_hook(
        lambda module, inputs, output: states.append(
            output[0] if isinstance(output, tuple) else output
        )
    )
    with torch.inference_mode():
        model.encoder(heard)
    expected = torch.nn.functional.layer_norm(states[0].reshape(1500, 32), (32,)).numpy()
    features = exported.encode(audio)
    assert features.shape == (1500, 32)
    # Its filters are rounded to float16 here, its spectrogram is computed in float64 there.
    assert np.abs(features - expected).max() < 0.02
    assert np.corrcoef(features.ravel(), expected.ravel())[0, 1] > 0.99999


@pytest.mark.parametrize(('samples', 'frames'), [(1, 1), (400, 1), (1066, 3), (16000, 50)])
def test_features_come_at_50_hz(exported: OnnxSpeechEncoder, samples: int, frames: int) -> None:
    audio = np.random.default_rng(1).standard_normal(samples).astype(np.float32)
    features = exported.encode(audio)
    assert features.shape == (frames, 32)
    np.testing.assert_allclose(features.mean(axis=1), 0, atol=1e-4)
    assert np.isfinite(exported.encode(np.zeros(samples, np.float32))).all()


def write_ctranslate2(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """The format of CTranslate2 4 (model_spec.py), float16."""

    def text(value: str) -> bytes:
        return struct.pack('<H', len(value) + 1) + value.encode() + b'\0'

    content = struct.pack('<I', 6) + text('WhisperSpec') + struct.pack('<II', 3, len(arrays))
    for name, array in arrays.items():
        kind = {np.dtype(np.float16): 4, np.dtype(np.int16): 2}[array.dtype]
        content += text(name) + struct.pack(f'<B{array.ndim}I', array.ndim, *array.shape)
        content += struct.pack('<BI', kind, array.nbytes) + array.tobytes()
    path.write_bytes(content + struct.pack('<I', 0))


def test_ctranslate2_gives_the_same(
    whisper: Path, exported: OnnxSpeechEncoder, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    encoder = transformers.WhisperModel.from_pretrained(whisper, local_files_only=True).encoder
    state = {name: value.numpy().astype(np.float16) for name, value in encoder.state_dict().items()}
    arrays = {
        'encoder/num_heads': np.array(4, np.int16),
        'encoder/position_encodings/encodings': state['embed_positions.weight'],
    }
    for n in (1, 2):
        arrays[f'encoder/conv{n}/weight'] = state[f'conv{n}.weight']
        arrays[f'encoder/conv{n}/bias'] = state[f'conv{n}.bias']
    for layer in range(3):
        mine, theirs = f'encoder/layer_{layer}/', f'layers.{layer}.'
        attention = theirs + 'self_attn.'
        zero = np.zeros(32, np.float16)
        arrays |= {
            mine + 'self_attention/linear_0/weight': np.concatenate(
                [state[f'{attention}{part}_proj.weight'] for part in 'qkv']
            ),
            mine + 'self_attention/linear_0/bias': np.concatenate(
                [state[attention + 'q_proj.bias'], zero, state[attention + 'v_proj.bias']]
            ),
        }
        for ours, other in (
            ('self_attention/linear_1', 'self_attn.out_proj'),
            ('ffn/linear_0', 'fc1'),
            ('ffn/linear_1', 'fc2'),
        ):
            arrays[f'{mine}{ours}/weight'] = state[f'{theirs}{other}.weight']
            arrays[f'{mine}{ours}/bias'] = state[f'{theirs}{other}.bias']
        for ours, other in (
            ('self_attention/layer_norm', 'self_attn_layer_norm'),
            ('ffn/layer_norm', 'final_layer_norm'),
        ):
            arrays[f'{mine}{ours}/gamma'] = state[f'{theirs}{other}.weight']
            arrays[f'{mine}{ours}/beta'] = state[f'{theirs}{other}.bias']
    write_ctranslate2(tmp_path / 'model.bin', arrays)
    command = ['export-speech', '--kind', 'whisper', '--source', str(tmp_path)]
    assert main([*command, '--layers', '3', '-o', str(tmp_path / 'out')]) == 0
    audio = np.random.default_rng(2).standard_normal(20000).astype(np.float32)
    np.testing.assert_allclose(
        OnnxSpeechEncoder(tmp_path / 'out').encode(audio), exported.encode(audio), atol=1e-5
    )

    def refused(*more: str) -> str:
        capsys.readouterr()
        assert main([*command, '-o', str(tmp_path / 'no'), *more]) == 2
        assert not (tmp_path / 'no').exists()
        return capsys.readouterr().err

    assert '--layers must be 1..3' in refused('--layers', '4')
    whole = (tmp_path / 'model.bin').read_bytes()
    (tmp_path / 'model.bin').write_bytes(whole[: len(whole) // 2])
    assert 'is cut, or not a CTranslate2 model' in refused()
    write_ctranslate2(tmp_path / 'model.bin', {'decoder/x': np.zeros(3, np.float16)})
    assert 'is not a Whisper model' in refused()


def test_unusable_sources_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    command = ['export-speech', '--source', str(tmp_path / 'nothing'), '-o', str(tmp_path / 'out')]
    assert main([*command, '--kind', 'whisper']) == 2
    assert 'its weights cannot be loaded' in capsys.readouterr().err
    assert main([*command, '--kind', 'sphinx']) == 2
    assert 'must be hubert or whisper' in capsys.readouterr().err
