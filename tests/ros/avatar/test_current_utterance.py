"""The next step for the utterance under way, from its chunks, its session and the clocks."""

import numpy as np
import pytest

from diffsheg_model.motion.formats import BEAT
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.avatar.clocks import Clocks
from diffsheg_ros.avatar.current_utterance import CurrentUtterance, NextStep

RATE = 16000
T0 = 1_700_000_000 * NS
UTTERANCE = Utterance(1, 0, 'u', RATE, 0, T0)
OTHER = Utterance(2, 1, 'v', RATE, 0, T0 + NS)


class FakeSession:
    """A session that only notes its calls."""

    def __init__(self):
        self.is_ready, self.frames_waiting, self.final_frames = False, 0, 0
        self.samples, self.ended, self.patient, self.style = 0, False, None, None

    def ready(self, patient):
        self.patient = patient
        return self.is_ready

    def push(self, samples, *, checked):
        assert checked  # the inbox has checked them
        self.samples += len(samples)

    def end(self):
        self.ended = True

    def restyle(self, *style):
        self.style = style

    def skip(self, patient):
        assert patient == self.patient


class Time:
    """Both clocks, which go together unless a test moves one."""

    def __init__(self):
        self.now_ns, self.seconds = T0, 0.0

    def pass_s(self, seconds):
        self.seconds += seconds
        self.now_ns += round(seconds * NS)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def begin(time):
    def begin(**options):
        return CurrentUtterance(
            UTTERANCE,
            FakeSession(),
            SessionOptions(**options),
            hearing=HearingOptions(),
            clocks=Clocks(lambda: time.now_ns, lambda: time.seconds),
            format_=BEAT,
            lead_s=0.0,
        )

    return begin


def chunk(index: int, utterance: Utterance = UTTERANCE, end: bool = False) -> HeardChunk:
    first = 1600 * index
    return HeardChunk(utterance, first, np.zeros(1600, np.float32), T0 + first * NS // RATE, end)


def test_without_a_window_to_generate_it_waits_for_the_next_chunk(begin, time):
    current = begin()
    assert current.hear(chunk(0)) is False
    assert current.next_step(None) is NextStep.WAIT
    assert current.wait_s == pytest.approx(1.1)  # the chunk's own length, and stall_s
    time.pass_s(0.6)
    assert current.next_step(None) is NextStep.WAIT
    assert current.wait_s == pytest.approx(0.5)
    assert current.next_step(chunk(1)) is NextStep.TAKE


def test_chunks_come_before_windows_until_enough_features_wait(begin):
    current = begin()
    current.session.is_ready = True
    assert current.next_step(None) is NextStep.GENERATE
    assert current.next_step(chunk(0)) is NextStep.TAKE
    current.session.frames_waiting = 2 * BEAT.window_frames
    assert current.next_step(chunk(0)) is NextStep.GENERATE


def test_another_utterance_in_front_ends_it(begin):
    current = begin()
    assert current.next_step(chunk(0, OTHER)) is NextStep.END
    current.hear(chunk(0))
    current.end()
    assert current.ended and current.session.ended and current.session.samples == 1600
    # What is left is generated, whatever waits.
    assert current.next_step(chunk(0, OTHER)) is NextStep.GENERATE


def test_it_stalls_only_if_both_clocks_have_gone_on(begin, time):
    current = begin()
    current.hear(chunk(0))
    time.seconds += 5.0  # a simulation that stands still
    assert current.next_step(None) is NextStep.WAIT
    assert current.wait_s == pytest.approx(0.01)
    time.now_ns += 5 * NS
    assert current.next_step(None) is NextStep.STALL
    assert current.next_step(chunk(1)) is NextStep.TAKE  # it came while the engine was busy
    time.now_ns -= 3600 * NS
    assert current.next_step(None) is NextStep.STALL


def test_after_the_last_chunk_only_one_that_it_overtook_is_waited_for(begin, time):
    current = begin()
    current.hear(chunk(1, end=True))
    assert current.next_step(None) is NextStep.WAIT
    assert current.wait_s == pytest.approx(0.1)
    time.pass_s(0.2)
    assert current.next_step(None) is NextStep.END


def test_live_speech_ahead_of_its_time_waits_for_whole_windows(begin, time):
    current = begin(live=LiveOptions())
    time.pass_s(-10.0)
    current.hear(chunk(0))
    assert current.next_step(None) is NextStep.WAIT and current.session.patient
    assert not current.is_late
    time.pass_s(10.1)
    current.next_step(None)
    assert not current.session.patient and current.is_late


def test_a_style_is_handed_on_once(begin):
    current = begin()
    style = SessionOptions(seed=3, speaker=2)
    current.restyle(style)
    assert current.session.style == (3, 2, None)
    current.session.style = None
    current.restyle(style)
    assert current.session.style is None
