"""Training on speech features: computed where missing, the same as a session hears."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.bundle import load_bundle
from diffsheg_model.config import FeatureConfig
from diffsheg_model.engines import create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import OnnxSpeechEncoder, create_speech_encoder
from diffsheg_model.features.stream import FeatureStream
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.session.generate import generate
from tests.support.bundles import speech_like

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')

from diffsheg_model.data.speech_features import window_features
from diffsheg_model.training.settings_file import load_settings
from diffsheg_model.training.train import train_model
from diffsheg_model.training.windows import DataRoot

TINY = (
    'network.latent_dim=32',
    'network.num_layers=1',
    'network.ff_dim=32',
    'network.embed_dim=32',
    'network.num_speakers=3',
    'network.speech_dim=32',
    'features.speech_encoder=hubert',
    'features.speech_context_s=1.0',
    'batches.batch_size=4',
    'run.max_minutes=0',
    'run.max_steps=3',
    'run.threads=1',
    'run.progress_bar=false',
)
FEATURES = FeatureConfig(speech_encoder='hubert', speech_context_s=1.0)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Two takes of 6 s with audio, and no speech features."""
    root = tmp_path / 'shards'
    for number in range(2):
        take = root / f'take{number}'
        take.mkdir(parents=True)
        samples = speech_like(6.0, seed=number)
        soundfile.write(take / 'audio.wav', samples, 16000)
        random = np.random.default_rng(number)
        motion = 0.1 * random.standard_normal((90, BEAT.channels)).astype(np.float32)
        np.save(take / 'motion.npy', motion)
        np.save(take / 'mel.npy', random.random((90, 128), np.float32))
        card = {'speaker': number, 'fps': 15.0, 'source': 'made', 'licence': 'CC0'}
        (take / 'take.json').write_text(json.dumps(card))
    index = {'format': 'beat', 'takes': ['take0', 'take1']}
    (root / 'dataset.json').write_text(json.dumps(index))
    return root


def test_features_are_those_of_a_session(hubert_encoder: OnnxSpeechEncoder) -> None:
    samples = speech_like(7.3)
    features = window_features(samples, 16000, FEATURES, BEAT, 4, hubert_encoder)
    stream = FeatureStream(FEATURES, BEAT.fps, 16000, hubert_encoder)
    for start in range(0, len(samples), 1111):
        stream.push(samples[start : start + 1111])
    stream.finish()
    assert features.shape == (stream.total_frames, hubert_encoder.dim)
    # Windows begin every 30 frames; a frame that two of them share is the later one's.
    np.testing.assert_array_equal(features[:30], stream.features(0, 34).speech[:30])
    np.testing.assert_array_equal(features[30:60], stream.features(30, 64).speech[:30])
    assert np.abs(features[30:34] - stream.features(0, 34).speech[30:]).max() > 1e-3


def test_training_adds_features_and_the_bundle_brings_the_encoder(
    shards: Path, hubert_folder: Path, tmp_path: Path
) -> None:
    settings = load_settings('compact', None, TINY)
    path = train_model(settings, [DataRoot(shards)], tmp_path / 'run', speech_encoder=hubert_folder)
    kept = np.load(shards / 'take0' / 'speech.npy')
    samples, rate = read_audio(shards / 'take0' / 'audio.wav')
    expected = window_features(
        samples,
        rate,
        settings.features,
        BEAT,
        settings.foppas.overlap,
        OnnxSpeechEncoder(hubert_folder),
    )
    np.testing.assert_allclose(kept, expected, atol=2e-3)
    bundle = load_bundle(path)
    assert bundle.speech_folder == path / 'speech'
    engine = create_engine('onnxruntime', bundle, threads=1)
    encoder = create_speech_encoder(bundle, threads=1)
    assert encoder is not None and encoder.dim == 32
    motion = generate(bundle, engine, [samples], rate, speech_encoder=encoder)
    assert len(motion) == 90
    engine.close()

    # Fine-tuning finds the encoder in the bundle and hands it on.
    tuned = train_model(settings, [DataRoot(shards)], tmp_path / 'tuned', init_from=path)
    assert load_bundle(tuned).speech_folder == tuned / 'speech'
    weights = tuned / 'speech' / 'encoder.onnx.data'
    weights.write_bytes(weights.read_bytes()[:-1] + b'x')
    with pytest.raises(InputError, match='is not the file that bundle.json describes'):
        load_bundle(tuned)

    other = shutil.copytree(hubert_folder, tmp_path / 'other')
    card = json.loads((other / 'encoder.json').read_text())
    (other / 'encoder.json').write_text(json.dumps({**card, 'name': 'whisper'}))
    with pytest.raises(InputError, match="holds the encoder 'whisper', the model needs"):
        train_model(settings, [DataRoot(shards)], tmp_path / 'no', speech_encoder=other)
    recorded = json.loads((shards / 'speech.json').read_text())
    (shards / 'speech.json').write_text(json.dumps({**recorded, 'digest': '0' * 64}))
    with pytest.raises(InputError, match='features of another encoder or context are here'):
        train_model(settings, [DataRoot(shards)], tmp_path / 'no', speech_encoder=hubert_folder)


def test_a_missing_encoder_or_audio_is_named(
    shards: Path, hubert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'empty'))
    settings = load_settings('compact', None, TINY)
    with pytest.raises(InputError, match='no exported speech encoder'):
        train_model(settings, [DataRoot(shards)], tmp_path / 'run')
    (shards / 'take1' / 'audio.wav').unlink()
    with pytest.raises(InputError, match=r'take1/audio\.wav is missing: prepare this take again'):
        train_model(settings, [DataRoot(shards)], tmp_path / 'run', speech_encoder=hubert_folder)
