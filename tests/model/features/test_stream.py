"""Features of a stream: equal to the published computation, and blind to chunking."""

from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.config import FeatureConfig
from diffsheg_model.errors import InputError
from diffsheg_model.features.mel import transform_mel
from diffsheg_model.features.speech_encoder import (
    OnnxSpeechEncoder,
    SpeechEncoder,
    resample_features,
)
from diffsheg_model.features.stream import Features, FeatureStream, extract_features
from tests.support.recordings import DATA

POWER = FeatureConfig()
HUBERT = FeatureConfig(speech_encoder='hubert', speech_context_s=0.8)
RECORDINGS = sorted(DATA.glob('s*/*.wav'))


def made_speech(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """A buzz with a moving pitch, syllables, breath noise and pauses: (n,) float32."""
    time_s = np.arange(round(seconds * rate)) / rate
    random = np.random.default_rng(seed)
    pitch = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time_s)) / rate
    buzz = sum(np.sin(k * pitch) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 4 * time_s), 0, 1) * (np.sin(2 * time_s) > -0.5)
    noise = random.standard_normal(len(time_s))
    return (0.1 * syllables * buzz + 1e-3 * noise).astype(np.float32)


def published_mel(samples: np.ndarray, rate: int) -> np.ndarray:
    """The released code's computation, on the whole recording, at 15 frames a second."""
    if rate != 16000:
        samples = librosa.resample(samples, orig_sr=rate, target_sr=16000)
    samples = librosa.resample(samples, orig_sr=16000, target_sr=18000)
    return librosa.feature.melspectrogram(y=samples, sr=18000, hop_length=1200)[:, :-1].T


def assert_published(mel: np.ndarray, samples: np.ndarray, rate: int) -> None:
    expected = published_mel(samples, rate)
    assert mel.shape == expected.shape
    # Bands that are a millionth of their frame's strongest are rounding of a float32 FFT.
    floor = 1e-6 * expected.max(axis=1, keepdims=True)
    np.testing.assert_array_less(np.abs(mel - expected), 1e-5 * (expected + floor) + 1e-20)


def stream(
    samples: np.ndarray,
    rate: int,
    cuts: list[int],
    fps: float = 15.0,
    config: FeatureConfig = POWER,
) -> FeatureStream:
    features = FeatureStream(config, fps, rate)
    for chunk in np.split(samples, sorted(cuts)):
        features.push(chunk)
    features.finish()
    return features


@pytest.mark.parametrize('rate', [8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000])
def test_equals_the_published_computation(rate: int) -> None:
    samples = made_speech(2.39, rate)
    assert_published(extract_features(samples, rate, POWER, 15.0).mel, samples, rate)


@pytest.mark.skipif(not RECORDINGS, reason='no recordings in DIFFSHEG_DATA')
@pytest.mark.parametrize('path', RECORDINGS, ids=lambda path: path.name)
def test_recording_equals_the_published_computation(path: Path) -> None:
    samples, rate = read_audio(path)
    assert_published(extract_features(samples, rate, POWER, 15.0).mel, samples, rate)


@settings(deadline=None, max_examples=30)
@given(data=st.data(), rate=st.sampled_from([8000, 16000, 22050, 44100, 96000]))
def test_any_chunking_gives_the_same_bits(data: st.DataObject, rate: int) -> None:
    samples = made_speech(0.9, rate)
    cuts = data.draw(st.lists(st.integers(0, len(samples)), max_size=40))
    whole = stream(samples, rate, [])
    chunked = stream(samples, rate, cuts)
    assert chunked.total_frames == whole.total_frames
    total = whole.frames_ready
    assert np.array_equal(chunked.features(0, total).mel, whole.features(0, total).mel)


def test_single_samples_give_the_same_bits() -> None:
    samples = made_speech(0.3, 16000)
    whole, single = stream(samples, 16000, []), stream(samples, 16000, list(range(len(samples))))
    assert np.array_equal(single.features(0, 4).mel, whole.features(0, 4).mel)


def test_a_ready_frame_never_changes() -> None:
    samples = made_speech(3.0, 44100)
    features = FeatureStream(POWER, 15.0, 44100)
    seen: list[np.ndarray] = []
    for start in range(0, len(samples), 441):
        features.push(samples[start : start + 441])
        for frame in range(len(seen), features.frames_ready):
            seen.append(features.features(frame, frame + 1).mel[0])
    assert len(seen) >= 41  # no more than four frames wait for audio
    features.finish()
    final = features.features(0, features.frames_ready).mel
    assert np.array_equal(np.stack(seen), final[: len(seen)])
    assert np.array_equal(final, extract_features(samples, 44100, POWER, 15.0).mel)


def test_before_and_after_an_utterance_there_is_silence(hubert_encoder: OnnxSpeechEncoder) -> None:
    samples = made_speech(1.0, 16000)
    spoken = FeatureStream(HUBERT, 15.0, 16000, hubert_encoder)
    spoken.push(samples)
    with pytest.raises(IndexError, match=r'frames \[-5, 23\) are not all in \[0, 1[34]\)'):
        spoken.features(-5, 23)
    spoken.finish()
    around = spoken.features(-5, 23)
    within = spoken.features(0, 15)
    silence = FeatureStream(HUBERT, 15.0, 16000, hubert_encoder)
    silence.push(np.zeros(16000, np.float32))
    silence.finish()
    expected = silence.features(0, 8).mel
    assert np.array_equal(around.mel[:5], expected[:5])
    assert np.array_equal(around.mel[5:20], within.mel)
    assert np.array_equal(around.mel[20:], expected[:8])
    padded = np.pad(samples, (5 * 3200 // 3, 8 * 3200 // 3))
    assert around.speech is not None
    hubert = resample_features(hubert_encoder.encode(padded), 28)
    np.testing.assert_allclose(around.speech, hubert, atol=1e-5)


@pytest.mark.parametrize(
    ('samples', 'frames'), [(0, 0), (1, 0), (1065, 0), (1066, 1), (1067, 1), (16000, 15)]
)
def test_frames_are_the_published_number(samples: int, frames: int) -> None:
    features = stream(np.full(samples, 0.1, np.float32), 16000, [])
    assert features.total_frames == features.frames_ready == frames


def test_too_short_audio_is_refused() -> None:
    with pytest.raises(InputError, match=r'audio too short: less than one frame, 0\.067 s'):
        extract_features(np.zeros(1, np.float32), 16000, POWER, 15.0)


def test_other_frame_rates_share_the_published_frames() -> None:
    samples = made_speech(1.0, 16000)
    at_15 = extract_features(samples, 16000, POWER, 15.0).mel
    at_30 = extract_features(samples, 16000, POWER, 30.0).mel
    assert np.array_equal(at_30[::2], at_15)


def test_log_mel_is_the_transform_of_the_power() -> None:
    samples = made_speech(1.0, 16000)
    power = extract_features(samples, 16000, POWER, 15.0).mel
    level = extract_features(samples, 16000, FeatureConfig(mel_transform='log'), 15.0).mel
    assert np.array_equal(level, transform_mel(power, 'log'))
    assert level.dtype == np.float32


def test_forgetting_keeps_memory_flat_and_values_right() -> None:
    rate = 48000
    samples = made_speech(20.0, rate)
    whole = extract_features(samples, rate, POWER, 15.0)
    features = FeatureStream(POWER, 15.0, rate)
    done, held = 0, 0
    for start in range(0, len(samples), 4800):
        features.push(samples[start : start + 4800])
        if features.frames_ready - done >= 30:
            window = features.features(done, done + 30)
            assert np.array_equal(window.mel, whole.mel[done : done + 30])
            features.forget(done + 26)
            done += 26
        held = max(held, len(features._mel) + len(features._mel_audio._samples) // 1200)
    assert done > 200
    assert held < 40
    with pytest.raises(IndexError):
        features.features(done - 1, done + 1)


@pytest.mark.parametrize(
    ('samples', 'message'),
    [
        (np.array([0, np.nan], np.float32), 'NaN or infinite'),
        (np.array([0, np.inf], np.float32), 'NaN or infinite'),
        (np.array([0, 32767], np.int16), 'samples reach 32767 where full scale is 1'),
    ],
)
def test_bad_samples_are_refused_and_the_stream_goes_on(samples: np.ndarray, message: str) -> None:
    good = made_speech(0.5, 16000)
    features = FeatureStream(POWER, 15.0, 16000)
    features.push(good[:4000])
    with pytest.raises(InputError, match=message):
        features.push(samples)
    features.push(good[4000:])
    features.finish()
    expected = extract_features(good, 16000, POWER, 15.0).mel
    assert np.array_equal(features.features(0, 7).mel, expected)


@pytest.mark.parametrize('rate', [0, 4000, 400000])
def test_unusable_rates_are_refused(rate: int) -> None:
    with pytest.raises(InputError, match=f'sample rate {rate} Hz is outside'):
        FeatureStream(POWER, 15.0, rate)


def test_encoder_must_be_the_one_that_the_model_was_made_for(
    hubert_encoder: OnnxSpeechEncoder,
) -> None:
    with pytest.raises(InputError, match="speech encoder 'hubert', but got none"):
        FeatureStream(HUBERT, 15.0, 16000)
    with pytest.raises(InputError, match="speech encoder 'none'"):
        FeatureStream(POWER, 15.0, 16000, hubert_encoder)


def windows(features: FeatureStream, done: int) -> list[Features]:
    """Windows of 12 frames, 3 shared, as they become ready; forgets as the session does."""
    found = []
    while features.frames_ready - done >= 12:
        found.append(features.features(done, done + 12))
        features.forget(done + 9)
        done += 9
    return found


@settings(deadline=None, max_examples=8)
@given(data=st.data(), rate=st.sampled_from([16000, 44100]))
def test_speech_windows_do_not_depend_on_chunking(
    data: st.DataObject, rate: int, hubert_encoder: SpeechEncoder
) -> None:
    samples = made_speech(3.2, rate)
    whole = FeatureStream(HUBERT, 15.0, rate, hubert_encoder)
    whole.push(samples)
    whole.finish()
    expected = windows(whole, 0)
    cuts = data.draw(st.lists(st.integers(0, len(samples)), max_size=30))
    chunked = FeatureStream(HUBERT, 15.0, rate, hubert_encoder)
    found: list[Features] = []
    for chunk in np.split(samples, sorted(cuts)):
        chunked.push(chunk)
        found += windows(chunked, 9 * len(found))
    chunked.finish()
    found += windows(chunked, 9 * len(found))
    assert len(found) == len(expected) == 5
    for window, other in zip(found, expected, strict=True):
        assert window.speech is not None
        assert window.speech.shape == (12, hubert_encoder.dim)
        assert np.array_equal(window.mel, other.mel)
        assert np.array_equal(window.speech, other.speech)


def test_speech_features_are_of_the_window_and_its_context(
    hubert_encoder: OnnxSpeechEncoder,
) -> None:
    samples = made_speech(3.0, 16000)
    features = FeatureStream(HUBERT, 15.0, 16000, hubert_encoder)
    features.push(samples)
    features.finish()
    window = features.features(18, 30).speech
    hubert = hubert_encoder.encode(samples[6 * 3200 // 3 : 30 * 3200 // 3])  # 12 frames before
    at = np.linspace(0, len(hubert) - 1, 24)[12:]
    expected = np.stack([np.interp(at, np.arange(len(hubert)), row) for row in hubert.T], axis=1)
    np.testing.assert_allclose(window, expected, atol=1e-5)


def test_speech_audio_is_kept_no_longer_than_needed(hubert_encoder: OnnxSpeechEncoder) -> None:
    features = FeatureStream(HUBERT, 15.0, 16000, hubert_encoder)
    samples = made_speech(20.0, 16000)
    held = done = 0
    for start in range(0, len(samples), 1600):
        features.push(samples[start : start + 1600])
        done += 9 * len(windows(features, done))
        held = max(held, len(features._speech_audio._samples))
    assert held < 3 * 16000
