"""Speech encoders: a small random HuBERT through export and ONNX Runtime, against torch."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.bundle import Bundle
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import (
    OnnxSpeechEncoder,
    create_speech_encoder,
    normalise,
    resample_features,
)
from tests.support.paths import ROOT


def test_features_come_at_50_hz(hubert_encoder: OnnxSpeechEncoder) -> None:
    noise = np.random.default_rng(0).standard_normal(160000).astype(np.float32)
    features = hubert_encoder.encode(noise)
    assert features.shape == (499, hubert_encoder.dim)
    assert features.dtype == np.float32
    assert features.std(axis=0).min() > 0


def test_loudness_and_offset_do_not_matter(hubert_encoder: OnnxSpeechEncoder) -> None:
    audio = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    features = hubert_encoder.encode(audio)
    np.testing.assert_allclose(hubert_encoder.encode(0.05 * audio + 0.1), features, atol=2e-3)


@pytest.mark.parametrize('audio', [np.zeros(1), np.zeros(16000), np.ones(5)])
def test_short_and_silent_audio_gives_finite_features(
    hubert_encoder: OnnxSpeechEncoder, audio: np.ndarray
) -> None:
    features = hubert_encoder.encode(audio.astype(np.float32))
    assert len(features) >= 1
    assert np.isfinite(features).all()


def test_normalise_equals_the_published_processor() -> None:
    transformers = pytest.importorskip('transformers')
    audio = np.random.default_rng(1).standard_normal(5000).astype(np.float32) * 0.01 + 0.3
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    expected = extractor(audio, sampling_rate=16000, return_tensors='np').input_values[0]
    np.testing.assert_allclose(normalise(audio), expected, atol=1e-4)


@pytest.mark.parametrize(('given', 'frames'), [(1, 5), (2, 1), (7, 7), (49, 15), (15, 49)])
def test_resampling_equals_torch(given: int, frames: int) -> None:
    torch = pytest.importorskip('torch')
    features = np.random.default_rng(0).standard_normal((given, 6)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(features.T[None]), size=frames, mode='linear', align_corners=True
    )
    np.testing.assert_allclose(
        resample_features(features, frames), expected[0].numpy().T, atol=1e-5
    )


def asking_for(bundle: Bundle, name: str, dim: int) -> Bundle:
    """The bundle as if its network heard through that encoder."""
    config = replace(
        bundle.config,
        network=replace(bundle.config.network, speech_dim=dim),
        features=replace(bundle.config.features, speech_encoder=name),
    )
    return replace(bundle, config=config)


def test_none_is_no_encoder(tiny_bundle: Bundle) -> None:
    assert create_speech_encoder(tiny_bundle) is None


def test_encoder_is_found_by_default(
    tiny_bundle: Bundle, hubert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = asking_for(tiny_bundle, 'hubert', 32)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    with pytest.raises(InputError, match='diffsheg export-speech'):
        create_speech_encoder(bundle)
    shutil.copytree(hubert_folder, tmp_path / 'diffsheg' / 'hubert')
    encoder = create_speech_encoder(bundle, threads=1)
    assert encoder is not None
    assert encoder.dim == 32


def test_another_encoder_is_refused(tiny_bundle: Bundle, hubert_folder: Path) -> None:
    with pytest.raises(InputError, match=r"'whisper' is asked for, but .* holds 'hubert'"):
        create_speech_encoder(asking_for(tiny_bundle, 'whisper', 32), hubert_folder)
    with pytest.raises(InputError, match='32 channels do not fit the bundle, which takes 64'):
        create_speech_encoder(asking_for(tiny_bundle, 'hubert', 64), hubert_folder)
    bundle = asking_for(tiny_bundle, 'hubert', 32)
    card = json.loads((hubert_folder / 'encoder.json').read_text())
    assert card['max_samples'] == 600 * 16000
    longest = replace(bundle.config.features, speech_context_s=60.0)
    slow = replace(bundle.config.format, fps=1.0, window_frames=600)
    config = replace(bundle.config, features=longest, format=slow)
    with pytest.raises(InputError, match='encodes at most 600 s at once'):
        create_speech_encoder(replace(bundle, config=config), hubert_folder)


@pytest.mark.parametrize('name', ['encoder.json', 'encoder.onnx', 'encoder.onnx.data'])
@pytest.mark.parametrize('how', ['missing', 'cut'])
def test_damaged_encoder_is_refused(
    hubert_folder: Path, tmp_path: Path, name: str, how: str
) -> None:
    folder = shutil.copytree(hubert_folder, tmp_path / 'encoder')
    if how == 'missing':
        (folder / name).unlink()
    else:
        (folder / name).write_bytes((folder / name).read_bytes()[:100])
    with pytest.raises(InputError) as error:
        OnnxSpeechEncoder(folder)
    assert str(folder) in str(error.value)
    assert '\n' not in str(error.value)


def test_running_an_encoder_does_not_import_torch(hubert_folder: Path) -> None:
    code = (
        'import sys, numpy\n'
        'from diffsheg_model.features.speech_encoder import OnnxSpeechEncoder\n'
        'OnnxSpeechEncoder(sys.argv[1]).encode(numpy.zeros(1600, "float32"))\n'
        'assert not {"torch", "transformers", "librosa"} & set(sys.modules)\n'
    )
    root = ROOT
    subprocess.run([sys.executable, '-c', code, str(hubert_folder)], check=True, cwd=root)
