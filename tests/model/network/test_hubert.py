"""The export of a small random HuBERT, against torch, and of sources that are unusable."""

import json
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import (
    OnnxSpeechEncoder,
    default_folder,
)


@pytest.mark.parametrize('samples', [400, 1066, 16000, 36267, 100001])
def test_export_equals_torch(hubert_model: Path, hubert_folder: Path, samples: int) -> None:
    torch = pytest.importorskip('torch')
    transformers = pytest.importorskip('transformers')
    model = transformers.HubertModel.from_pretrained(hubert_model, local_files_only=True).eval()
    audio = np.random.default_rng(0).standard_normal(samples).astype(np.float32) * 0.1 + 0.01
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    heard = extractor(audio, sampling_rate=16000, return_tensors='pt').input_values
    with torch.inference_mode():
        expected = model(heard).last_hidden_state[0].numpy()
    features = OnnxSpeechEncoder(hubert_folder).encode(audio)
    assert features.shape == expected.shape
    np.testing.assert_allclose(features, expected, atol=1e-4 * np.abs(expected).max())


def test_command_exports_the_published_layout(
    hubert_model: Path,
    hubert_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """A CTC model's pytorch_model.bin with weight_g, weight_v, no mask."""
    torch = pytest.importorskip('torch')
    transformers = pytest.importorskip('transformers')
    from diffsheg_model.cli.main import main

    model = transformers.HubertModel.from_pretrained(hubert_model, local_files_only=True)
    state = {}
    for name, value in model.state_dict().items():
        name = name.replace('parametrizations.weight.original0', 'weight_g')
        state['hubert.' + name.replace('parametrizations.weight.original1', 'weight_v')] = value
    del state['hubert.masked_spec_embed']
    state |= {'lm_head.weight': torch.zeros(32, 32), 'lm_head.bias': torch.zeros(32)}
    source = tmp_path / 'source'
    config = transformers.HubertConfig.from_pretrained(hubert_model, local_files_only=True)
    config.architectures = ['HubertForCTC']
    config.save_pretrained(source)
    torch.save(state, source / 'pytorch_model.bin')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert main(['export-speech', '--source', str(source)]) == 0
    encoder = OnnxSpeechEncoder(default_folder())
    audio = np.random.default_rng(0).standard_normal(9000).astype(np.float32)
    expected = OnnxSpeechEncoder(hubert_folder).encode(audio)
    np.testing.assert_allclose(encoder.encode(audio), expected, atol=1e-6)

    def refused() -> str:
        capsys.readouterr()
        assert main(['export-speech', '--source', str(source), '-o', str(tmp_path / 'out')]) == 2
        assert not (tmp_path / 'out').exists()
        return capsys.readouterr().err

    del state['hubert.encoder.layers.1.attention.k_proj.weight']
    torch.save(state, source / 'pytorch_model.bin')
    assert 'weights are missing or misshapen: encoder.layers.1.attention.k_proj' in refused()
    (source / 'pytorch_model.bin').write_bytes(b'cut')
    assert 'its weights cannot be loaded' in refused()


@pytest.mark.parametrize('kind', ['missing', 'empty folder', 'another architecture'])
def test_unusable_source_is_refused(tmp_path: Path, kind: str) -> None:
    pytest.importorskip('transformers')
    from diffsheg_model.network.hubert import export_hubert

    source = tmp_path / 'source'
    if kind != 'missing':
        source.mkdir()
    if kind == 'another architecture':
        (source / 'config.json').write_text(json.dumps({'model_type': 'wav2vec2'}))
    with pytest.raises(InputError) as error:
        export_hubert(str(source), tmp_path / 'out')
    assert str(source) in str(error.value)
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'out').exists()
