"""The speaker's core: what is heard and when, also where clocks drift and senders misbehave."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from diffsheg_model.audio.interpolation import read_at
from diffsheg_model.audio.null_loudspeaker import NullLoudspeaker
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.speaker.speaker import Speaker
from tests.support.bundles import speech_like

START_NS = 1_700_000_000 * NS
RATE = 16000
DELAY_S = 0.5
BLOCK = 320
CHUNK = 640
FRAME_S = 1 / 15  # of motion


class Ear:
    """A device with an exact clock that plays from `START_NS` on, and what was heard of it."""

    def __init__(self, rate: int = RATE, **limits) -> None:
        self.speaker = Speaker(HearingOptions(**limits))
        self.speaker.connect(rate)
        self.speaker.delay_ns = round(DELAY_S * NS)
        self.rate = rate
        self.blocks: list[np.ndarray] = []

    @property
    def played(self) -> int:
        return BLOCK * len(self.blocks)

    def until(self, seconds: float) -> np.ndarray:
        """Plays up to this time after the start; returns the newest block."""
        while self.played < round(seconds * self.rate):
            heard_ns = START_NS + self.played * NS // self.rate
            self.blocks.append(self.speaker.pull(BLOCK, heard_ns))
        return self.blocks[-1]

    def heard(self, begin_s: float, end_s: float) -> np.ndarray:
        return np.concatenate(self.blocks)[round(begin_s * self.rate) : round(end_s * self.rate)]

    def say(self, samples, *, name='u', at_s=0.0, rate=RATE, end=True, keep=lambda first: True):
        for first in range(0, len(samples), CHUNK):
            if keep(first):
                self.speaker.hear(
                    AudioPiece(
                        name, first, rate, samples[first : first + CHUNK],
                        START_NS + round(at_s * NS) + first * NS // rate,
                        end and first + CHUNK >= len(samples),
                    )
                )  # fmt: skip


def speech(seconds: float, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """Without what lies at the edge of the band, which is not to be heard exactly, nor clipped."""
    half_band = butter(10, 0.5, output='sos')
    return (0.5 * sosfiltfilt(half_band, speech_like(seconds, rate, seed))).astype(np.float32)


def loudest(samples: np.ndarray) -> float:
    return float(np.abs(samples).max(initial=0.0))


def counted(ear: Ear) -> dict[str, int]:
    return {name: count for name, count in ear.speaker.counters().values().items() if count}


def drifting(
    sender_ppm: float, device_ppm: float, hours: float, jitter_s: float = 0.0
) -> np.ndarray:
    """Seconds by which each of many pulses was heard too late; the null loudspeaker plays.

    The sender counts its samples too slowly or too fast and stamps by the true time; so does the
    device. All runs by a clock of its own, as fast as it can.
    """
    rate, every, chunk, delay_s = 8000, 40_000, 1600, 2.5
    rng = np.random.default_rng(0)
    pulse = np.hanning(81).astype(np.float32)
    speaker = Speaker()
    speaker.connect(rate)
    speaker.delay_ns = round(delay_s * NS)
    true_rate = rate * (1 + sender_ppm * 1e-6)
    now_s, sent, errors = 0.0, 0, []

    def fill(frames: int, heard_in_s: float, underrun: bool) -> np.ndarray:
        nonlocal sent
        while (sent + chunk) / true_rate <= now_s:  # a chunk is sent when it has been spoken
            samples = np.zeros(chunk, np.float32)
            if sent % every == 0 and sent:
                samples[: len(pulse)] = pulse
            stamp_s = sent / true_rate + rng.uniform(-jitter_s, jitter_s) * (sent > 0)
            stamp_ns = START_NS + round(stamp_s * NS)
            speaker.hear(AudioPiece('u', sent, rate, samples, stamp_ns, False))
            sent += chunk
        heard_s = now_s + heard_in_s
        told_s = heard_s + rng.uniform(-jitter_s, jitter_s) / 4
        block = speaker.pull(frames, START_NS + round(told_s * NS), underrun)
        if block.any() and not underrun:
            pulses.append((heard_s, block))
        return block

    pulses: list[tuple[float, np.ndarray]] = []

    def wait(seconds: float) -> bool:
        nonlocal now_s
        now_s += seconds
        return now_s >= hours * 3600

    NullLoudspeaker(
        fill, rate, 1.0, rate_error_ppm=device_ppm, clock=lambda: now_s
    ).run(wait)  # fmt: skip
    device_rate = rate * (1 + device_ppm * 1e-6)
    middles: dict[int, list[tuple[float, float]]] = {}
    for heard_s, block in pulses:
        weight = float(block.sum())
        at_s = heard_s + float((block * np.arange(len(block))).sum()) / weight / device_rate
        number = round((at_s - delay_s) * true_rate / every)
        middles.setdefault(number, []).append((weight, at_s))
    for number, parts in middles.items():
        heard_s = sum(w * t for w, t in parts) / sum(w for w, _ in parts)
        said_s = (number * every + len(pulse) // 2) / true_rate
        errors.append(heard_s - said_s - delay_s)
    assert len(errors) >= sent // every - 1  # each was heard
    assert speaker.counters().skips == speaker.counters().waits == 0
    return np.array(errors)


@pytest.mark.parametrize(('sender_ppm', 'device_ppm'), [(200, -200), (-200, 200)])
def test_after_an_hour_of_drifting_clocks_sound_and_stamps_are_together(sender_ppm, device_ppm):
    """Left to themselves they would be 1.4 s apart."""
    errors_s = drifting(sender_ppm, device_ppm, hours=1.0)
    print(f'worst {1000 * np.abs(errors_s).max():.2f} ms, last {1000 * errors_s[-1]:.2f} ms')
    assert np.abs(errors_s).max() <= FRAME_S
    assert abs(errors_s[-1]) < 0.001


def test_jitter_is_not_heard_of():
    errors_s = drifting(200, 200, hours=0.25, jitter_s=0.02)
    assert np.abs(errors_s).max() <= FRAME_S / 4


@pytest.mark.parametrize('rate', [16000, 48000])
def test_speech_is_heard_as_it_is_at_its_time(rate):
    said = speech(2.0)
    ear = Ear(rate)
    ear.say(said, at_s=0.2)
    ear.until(3.5)
    expected = read_at(said, np.arange(2 * rate) * RATE / rate, 1.0)
    begin = 0.2 + DELAY_S
    assert not loudest(ear.heard(0, begin - 0.01))
    assert loudest(ear.heard(begin, begin + 2) - expected) < 0.01
    assert not loudest(ear.heard(begin + 2.01, 3.5))
    assert counted(ear) == {'utterances': 1}
    assert loudest(ear.speaker.sync_errors_s()) < 1e-4
    assert ear.speaker.state == 'idle' and ear.speaker.utterance_id == ''


def test_a_tone_is_not_roughened_by_correcting_the_clocks():
    """Neither its level nor its pitch jumps, though both clocks jitter and drift."""
    rng = np.random.default_rng(5)
    speaker = Speaker()
    speaker.connect(48000)
    speaker.delay_ns = NS // 2
    hz, block, heard = 1000.0, 480, []
    phase = 2 * np.pi * hz * np.arange(20 * RATE) / RATE
    tone = (0.5 * np.sin(phase)).astype(np.float32)
    for index in range(20 * 100):
        true_s = index * block / (48000 * (1 + 200e-6))
        if index % 4 == 0:
            first = index // 4 * CHUNK
            stamp_s = first / RATE * (1 + 200e-6) + rng.uniform(-0.01, 0.01) * (first > 0)
            piece = tone[first : first + CHUNK]
            speaker.hear(AudioPiece('u', first, RATE, piece, START_NS + round(stamp_s * NS), False))
        told_s = true_s + rng.uniform(-0.002, 0.002)
        heard.append(speaker.pull(block, START_NS + round(told_s * NS)))
    steady = np.concatenate(heard[200:]).astype(np.float64)
    # A pure tone of unchanging pitch is what its neighbours foretell.
    foretold = 2 * np.cos(2 * np.pi * hz / 48000) * steady[1:-1] - steady[:-2]
    assert np.abs(steady[2:] - foretold).max() < 2e-3 * 0.5
    assert speaker.counters().skips == speaker.counters().waits == 0


def test_lost_chunks_are_silence_and_the_rest_is_heard_once_in_order():
    said = speech(2.0)
    chunks = list(range(0, len(said), CHUNK))
    lost = {20 * CHUNK, 21 * CHUNK}
    order = [*chunks[:10], chunks[11], chunks[10], chunks[11], *chunks[12:], chunks[30]]
    ear = Ear()
    for first in order:
        if first not in lost:
            stamp_ns = START_NS + first * NS // RATE
            end = first == chunks[-1]
            ear.speaker.hear(
                AudioPiece('u', first, RATE, said[first : first + CHUNK], stamp_ns, end)
            )
    ear.until(3.0)
    expected = said.copy()
    expected[20 * CHUNK : 22 * CHUNK] = 0
    heard = ear.heard(DELAY_S, DELAY_S + 2)
    # The edges of the gap are as band-limited as all else.
    edges = np.abs(np.arange(len(said))[:, None] - [20 * CHUNK, 22 * CHUNK]).min(axis=1) < 30
    assert loudest((heard - expected)[~edges]) < 0.01
    counts = counted(ear)
    assert counts['lost_samples'] == 2 * CHUNK and counts['reordered_chunks'] == 1
    assert counts['repeated_samples'] == 2 * CHUNK


class TestBargeIn:
    def test_a_new_utterance_silences_the_old_one_within_a_block_and_is_heard_whole(self):
        old, new = speech(5.0, 1), speech(1.0, 2)
        ear = Ear()
        ear.say(old, end=False)
        ear.until(2.0)
        ear.say(new, name='new', at_s=2.0)
        last = ear.until(2.02)
        assert loudest(last[BLOCK // 3 :]) == 0  # after a fade of 5 ms
        assert loudest(np.diff(last)) < 2 * loudest(np.diff(old))  # no click
        assert ear.speaker.utterance_id == ''
        ear.until(4.0)
        assert not loudest(ear.heard(2.02, 2.49))
        assert loudest(ear.heard(2.5, 3.5) - new) < 0.01
        assert counted(ear)['interrupts'] == 1

    def test_an_interrupt_of_the_avatar_silences_the_rest_but_not_what_is_said_next(self):
        ear = Ear()
        ear.speaker.update_interrupts(4)
        said = speech(4.0)
        ear.say(said[: 2 * RATE], end=False)
        ear.until(1.0)
        ear.speaker.update_interrupts(5)
        assert loudest(ear.until(1.02)[BLOCK // 3 :]) == 0
        ear.say(said, keep=lambda first: first >= 2 * RATE)
        ear.until(5.0)
        assert not loudest(ear.heard(1.02, 5.0))
        ear.say(said[:RATE], name='next', at_s=5.0)
        ear.until(6.6)
        assert loudest(ear.heard(5.5, 6.5) - said[:RATE]) < 0.01

    def test_the_avatars_count_of_a_cut_that_was_made_here_silences_nothing(self):
        ear = Ear()
        ear.speaker.update_interrupts(0)
        ear.say(speech(4.0), end=False)
        ear.until(1.0)
        ear.say(speech(1.0), name='new', at_s=1.0)
        ear.speaker.update_interrupts(1)
        ear.until(2.0)
        assert ear.speaker.utterance_id == 'new' and loudest(ear.heard(1.5, 2.0)) > 0.1


def test_sentences_that_follow_each_other_are_all_heard_whole():
    """Each an utterance, sent at once and long before, of several rates."""
    ear = Ear(48000)
    rates = [16000, 24000, 16000]
    said = [speech(1.0, 3, rate) for rate in rates]
    for index, (rate, samples) in enumerate(zip(rates, said, strict=True)):
        ear.say(samples, name=f's{index}', at_s=1.0 * index, rate=rate)
    ear.until(4.0)
    for index, (rate, samples) in enumerate(zip(rates, said, strict=True)):
        begin_s = DELAY_S + index
        expected = read_at(samples, np.arange(48000) * rate / 48000, 1.0)
        inner = slice(480, -480)
        assert loudest((ear.heard(begin_s, begin_s + 1) - expected)[inner]) < 0.01
    assert counted(ear) == {'utterances': 3}


def test_the_next_utterance_takes_over_where_they_overlap_a_little():
    ear = Ear()
    first, second = speech(2.0, 1), speech(1.0, 2)
    ear.say(first)
    ear.say(second, name='second', at_s=1.9)
    ear.until(4.0)
    assert loudest(ear.heard(DELAY_S, DELAY_S + 1.89) - first[: round(1.89 * RATE)]) < 0.01
    assert loudest(ear.heard(DELAY_S + 1.91, DELAY_S + 2.9) - second[160:]) < 0.01
    assert counted(ear) == {'utterances': 2}


def test_a_pause_in_the_stamps_is_silence():
    """A synthesiser that could not go on for 0.8 s."""
    ear = Ear()
    said = speech(3.0)
    at = 25 * CHUNK
    for first in range(0, len(said), CHUNK):
        stamp_ns = START_NS + first * NS // RATE + (first >= at) * 8 * NS // 10
        ear.speaker.hear(
            AudioPiece('u', first, RATE, said[first : first + CHUNK], stamp_ns,
                       first + CHUNK >= len(said))
        )  # fmt: skip
    ear.until(5.0)
    pause_s = DELAY_S + at / RATE
    assert loudest(ear.heard(DELAY_S, pause_s - 0.03) - said[: at - 480]) < 0.01
    assert not loudest(ear.heard(pause_s + 0.03, pause_s + 0.77))
    after = said[at + 800 :]
    heard = ear.heard(pause_s + 0.85, pause_s + 0.8 + (len(said) - at) / RATE)
    assert loudest(heard - after) < 0.05
    assert counted(ear)['waits'] == 1


def test_after_an_underrun_the_sound_is_in_time_again():
    ear = Ear()
    ear.say(speech(4.0))
    ear.until(1.5)
    speaker, late_ns = ear.speaker, 3 * NS // 10  # the device has played nothing for so long
    for index in range(100):
        heard_ns = START_NS + ear.played * NS // RATE + late_ns + index * BLOCK * NS // RATE
        speaker.pull(BLOCK, heard_ns, index == 0)
    assert counted(ear)['device_underruns'] == 1 and counted(ear)['skips'] == 1
    assert loudest(speaker.sync_errors_s()[-10:]) < 0.001


def test_nothing_is_heard_before_it_is_known_when_or_while_muted():
    ear = Ear()
    ear.speaker.delay_ns = None
    ear.say(speech(4.0))
    assert not loudest(ear.until(0.5))
    ear.speaker.delay_ns = round(DELAY_S * NS)
    ear.speaker.muted = True
    assert not loudest(ear.until(2.0))
    ear.speaker.muted = False
    ear.until(2.1)
    ear.until(4.0)
    assert loudest(ear.heard(2.2, 4.0) - speech(4.0)[round(1.7 * RATE) : round(3.5 * RATE)]) < 0.01


def test_an_utterance_that_stalls_is_over_and_goes_on_where_its_sound_does():
    ear = Ear(stall_s=1.0)
    said = speech(5.0)
    ear.say(said[:RATE], end=False)
    ear.until(2.5)
    assert ear.speaker.state == 'idle'
    ear.say(said, keep=lambda first: first >= 3 * RATE)
    ear.until(6.0)
    assert not loudest(ear.heard(1.6, 3.4))
    assert loudest(ear.heard(3.55, 5.4) - said[round(3.05 * RATE) : round(4.9 * RATE)]) < 0.01
    counts = counted(ear)
    assert counts['stalls'] == 1 and counts['utterances'] == 2
    assert 'stale_chunks' not in counts


def test_one_whose_end_was_heard_does_not_go_on():
    ear = Ear(stall_s=1.0)
    ear.say(speech(1.0))
    ear.until(2.5)
    ear.say(speech(2.0), keep=lambda first: first >= RATE)
    ear.until(4.0)
    assert not loudest(ear.heard(1.6, 4.0))
    counts = counted(ear)
    assert counts['stale_chunks'] == 25 and 'stalls' not in counts


def test_sound_that_comes_too_late_is_left_out_and_what_follows_is_in_time():
    ear = Ear(stall_s=10.0)
    said = speech(3.0)
    ear.say(said[:RATE], end=False)
    ear.until(2.0)
    ear.say(said, keep=lambda first: first >= RATE)
    ear.until(4.0)
    assert loudest(ear.heard(2.05, 3.4) - said[round(1.55 * RATE) : round(2.9 * RATE)]) < 0.01
    counts = counted(ear)
    assert counts['starvations'] == 1 and counts['late_samples'] >= RATE // 2


def test_a_flood_of_speech_is_bounded():
    ear = Ear(max_queue_s=10.0)
    for index in range(40):
        ear.speaker.hear(
            AudioPiece('u', index * RATE, RATE, np.zeros(RATE, np.float32),
                       START_NS + index * NS, False)
        )  # fmt: skip
    assert ear.speaker.queue_s <= 10 and counted(ear)['dropped_chunks'] == 30
    ear.until(0.2)


def test_whatever_comes_the_device_gets_samples():
    rng = np.random.default_rng(11)
    ear = Ear()
    odd = [0, 1, 5, CHUNK, 10**6, 2**40, 2**63]
    values = [0.5, np.nan, np.inf, -1e30, 3.0, 1e-40]
    for index in range(3000):
        count = int(rng.choice([0, 1, 7, CHUNK, 20_000], p=[0.1, 0.1, 0.1, 0.65, 0.05]))
        samples = np.full(count, rng.choice(values, p=[0.9, 0.02, 0.02, 0.02, 0.02, 0.02]))
        ear.speaker.hear(
            AudioPiece(
                str(rng.choice(['a', 'b'], p=[0.97, 0.03])),
                int(rng.choice([index * CHUNK, *odd])),
                int(rng.choice([RATE, 48000, 0, 4_000_000_000], p=[0.97, 0.01, 0.01, 0.01])),
                samples.astype(np.float32),
                START_NS + int(rng.choice([index * NS // 25, -NS, 60 * NS, 10**18])),
                bool(rng.random() < 0.01),
            )
        )
        if index % 500 == 250:
            ear.speaker.interrupt()
        block = ear.until((index + 1) * CHUNK / RATE)
        assert block.shape == (BLOCK,) and np.isfinite(block).all() and loudest(block) <= 1
    assert counted(ear)['rejected_chunks'] > 100
