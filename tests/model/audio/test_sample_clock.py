"""The sample clock: exact stamps exactly, drifting and jittering ones closely, jumps as jumps."""

import numpy as np
import pytest

from diffsheg_model.audio.sample_clock import MAX_DRIFT, SampleClock
from diffsheg_model.time_units import NS

START_NS = 1_700_000_000 * NS
RATE = 16000
CHUNK = 640


def exact_ns(sample: int, rate: int = RATE) -> int:
    return START_NS + sample * NS // rate


@pytest.mark.parametrize('rate', [8000, 22050, 48000])
def test_exact_stamps_give_exact_times_whatever_is_lost_or_out_of_order(rate):
    rng = np.random.default_rng(1)
    firsts = np.arange(0, 60 * rate, CHUNK)
    firsts = firsts[rng.random(len(firsts)) > 0.3]
    shuffled = firsts[np.argsort(np.arange(len(firsts)) + rng.uniform(0, 4, len(firsts)))]
    clock = SampleClock(rate, int(shuffled[0]), exact_ns(int(shuffled[0]), rate))
    for first in [*shuffled, *shuffled[:5]]:
        clock.hear(int(first), exact_ns(int(first), rate))
        for sample in (0, int(first), int(first) + 12345, 200 * rate):
            assert abs(clock.time_ns(sample) - exact_ns(sample, rate)) <= 2
    assert clock.steps == 0 and clock.drift_ppm == 0


@pytest.mark.parametrize('ppm', [-200, 0, 200])
def test_drift_is_followed_through_jitter_and_losses(ppm):
    """Half an hour; a second clock hears other chunks of the same, and they agree."""
    rng = np.random.default_rng(7)
    clock, other = (SampleClock(RATE, 0, START_NS) for _ in range(2))
    said, errors, apart = {}, [], []
    for first in range(0, 1800 * RATE, CHUNK):
        true_ns = START_NS + round(first * NS / RATE * (1 + ppm * 1e-6))
        stamp_ns = true_ns + round(rng.uniform(-0.02, 0.02) * NS) * (first > 0)
        for each in (clock, other):
            if rng.random() > 0.1:
                each.hear(first, stamp_ns)
        said[first] = clock.time_ns(first)
        errors.append(abs(said[first] - true_ns))
        apart.append(abs(said[first] - other.time_ns(first)))
    assert max(errors) < 0.007 * NS and max(apart) < 0.005 * NS
    assert clock.drift_ppm == pytest.approx(ppm, abs=20)
    assert clock.steps == 0
    # It never went faster or slower than promised, and what it said it still says.
    steps = np.diff(list(said.values())) / (CHUNK * NS / RATE) - 1
    assert np.abs(steps).max() <= MAX_DRIFT + 1e-6
    recent = list(said)[-2000:]
    assert [clock.time_ns(first) for first in recent] == [said[first] for first in recent]


def test_a_wrong_stamp_or_index_now_and_then_does_not_matter():
    clock = SampleClock(RATE, 0, START_NS)
    for index, first in enumerate(range(0, 60 * RATE, CHUNK)):
        if index % 7 == 3:
            clock.hear(first, 1)
        elif index % 7 == 5:
            clock.hear(2**40, exact_ns(first))
        else:
            clock.hear(first, exact_ns(first))
        assert clock.time_ns(first) == exact_ns(first)


@pytest.mark.parametrize('jump_s', [0.15, 3.0])
def test_stamps_that_jump_forward_are_followed_from_where_they_jumped(jump_s):
    clock = SampleClock(RATE, 0, START_NS)
    at, jump_ns = 5 * RATE - 3 * CHUNK // 2, round(jump_s * NS)
    at -= at % CHUNK
    for first in range(0, 10 * RATE, CHUNK):
        clock.hear(first, exact_ns(first) + jump_ns * (first >= at))
    assert clock.steps == 1 and clock.early == 0
    for sample in (0, at - CHUNK, at - 1):
        assert clock.time_ns(sample) == exact_ns(sample)
    for sample in (at, at + 1, 9 * RATE, 20 * RATE):
        assert clock.time_ns(sample) == pytest.approx(exact_ns(sample) + jump_ns, abs=5)
    # In the pause the next sample waits.
    assert clock.sample_at(exact_ns(at) + jump_ns // 2) == at
    assert clock.sample_at(exact_ns(9 * RATE) + jump_ns) == pytest.approx(9 * RATE, abs=1e-3)


@pytest.mark.parametrize('pace', [0.0, 0.1, 0.5, 0.95])
def test_sound_takes_the_time_that_it_lasts_whatever_the_stamps_say(pace):
    """Stamps of sending, `1 / pace` times as fast as the sound is heard."""
    clock = SampleClock(RATE, 0, START_NS)
    for first in range(0, 10 * RATE, CHUNK):
        clock.hear(first, START_NS + round(pace * first * NS / RATE))
    assert clock.steps == 0 and clock.early > 2
    for sample in (0, RATE, 10 * RATE):
        assert clock.time_ns(sample) == pytest.approx(exact_ns(sample), abs=NS // 100)


def test_a_sender_that_pauses_between_bursts_goes_on_at_the_stamp_of_the_burst():
    clock = SampleClock(RATE, 0, START_NS)
    for burst in range(3):
        for index in range(25):  # a second of sound each, stamped alike, 3 s apart
            clock.hear(burst * RATE + index * CHUNK, START_NS + 3 * burst * NS)
    assert clock.steps == 2
    for burst in range(3):
        for sample in (0, RATE // 2, RATE - 1):
            expected_ns = START_NS + 3 * burst * NS + sample * NS // RATE
            assert clock.time_ns(burst * RATE + sample) == pytest.approx(expected_ns, abs=1000)


def test_a_burst_after_a_stall_is_no_jump():
    """Stamps of arrival: 0.3 s late, then catching up."""
    clock = SampleClock(RATE, 0, START_NS)
    for first in range(0, 20 * RATE, CHUNK):
        late_ns = max(0, exact_ns(5 * RATE) + 3 * NS // 10 - exact_ns(first))
        clock.hear(first, exact_ns(first) + late_ns * (first >= 5 * RATE))
    assert clock.steps == 0
    assert abs(clock.time_ns(20 * RATE) - exact_ns(20 * RATE)) < NS // 1000


def test_the_sample_of_a_time_is_the_inverse_of_the_time_of_a_sample():
    rng = np.random.default_rng(3)
    clock = SampleClock(RATE, 0, START_NS)
    for first in range(0, 100 * RATE, CHUNK):
        clock.hear(first, exact_ns(first) + round(rng.normal(0, 0.005) * NS))
    for sample in (-RATE, 0, RATE // 3, 50 * RATE + 1, 99 * RATE, 101 * RATE):
        assert clock.sample_at(clock.time_ns(sample)) == pytest.approx(sample, abs=1e-3)


def test_chunks_of_a_minute_each_are_followed_without_overshoot():
    clock = SampleClock(RATE, 0, START_NS)
    errors = []
    for first in range(0, 3600 * RATE, 60 * RATE):
        true_ns = START_NS + round(first * NS / RATE * (1 + 200e-6))
        errors.append(abs(clock.time_ns(first) - true_ns))
        clock.hear(first, true_ns)
    assert max(errors) < 0.03 * NS and errors[-1] < 0.001 * NS
