"""Motion and sound that came with stamps; see also test_motion_recording.py."""

import tracemalloc

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.stamped_motion import StampedMotion
from diffsheg_model.time_units import NS

T0 = 1_700_000_000 * NS + 7


def collect(times_ns, values=None) -> StampedMotion:
    stamped = StampedMotion()
    for index, time_ns in enumerate(times_ns):
        value = index if values is None else values[index]
        stamped.add_weights(('jawOpen',), int(time_ns), np.array([value], np.float32))
        stamped.add_angles(('Head',), int(time_ns), np.array([[0.1 * value, 0.0, 0.0]]))
    return stamped


def even(count: int, rate_hz: float) -> np.ndarray:
    return T0 + np.round(np.arange(count) * NS / rate_hz).astype(np.int64)


@pytest.mark.parametrize('rate_hz', [15.0, 24.0, 30000 / 1001, 60.0, 12.5, 120.0, 0.5])
@pytest.mark.parametrize('count', [2, 3, 100, 5000])
def test_frames_on_even_times_come_back_as_they_are(rate_hz, count):
    values = np.random.default_rng(count).random(count, dtype=np.float32)
    stamped = collect(even(count, rate_hz), values)
    assert stamped.likely_rate_hz() == pytest.approx(rate_hz, rel=1e-12)
    motion = stamped.motion(stamped.likely_rate_hz(), 0.0)
    np.testing.assert_array_equal(motion.weights[:, 0], values)
    np.testing.assert_allclose(motion.rotations[:, 0, 0], 0.1 * values, atol=1e-6)


def test_uneven_times_have_the_usual_distance_in_whole_frames_a_second():
    times = even(200, 59.8) + np.random.default_rng(0).integers(-NS // 500, NS // 500, 200)
    times[150:] += 20 * NS  # a break does not make the rest slow
    assert collect(times).likely_rate_hz() == 60.0
    assert collect(times[:1]).likely_rate_hz() == 1.0
    assert collect([T0, T0]).likely_rate_hz() == 1.0
    assert collect([T0, T0, T0 + NS // 10]).likely_rate_hz() == 10.0
    slow = collect([T0, T0 + 3 * NS, T0 + 7 * NS, T0 + 10 * NS + 1])
    assert 0.25 < slow.likely_rate_hz() < 0.4


def test_what_is_left_out_is_counted():
    stamped = collect(even(4, 10.0), [np.nan, 0.5, 0.6, np.inf])
    assert stamped.frames == 2 and stamped.left_out == 4
    stamped.add_weights(('mouthClose',), T0, np.zeros(1))
    stamped.add_angles(('Head',), T0, np.full((1, 3), 1e300))  # infinite as float32
    assert stamped.frames == 2 and stamped.left_out == 6
    assert len(stamped.motion(10.0, 0.0)) == 2


def test_a_stamp_of_another_clock_takes_no_memory():
    stamped = collect([T0, T0 + NS // 60, 0])
    with pytest.raises(InputError, match='3 faces are stamped over 1700000000 s'):
        stamped.motion(60.0, 0.0)


def test_a_break_of_minutes_is_interpolated():
    stamped = collect([T0, T0 + NS, T0 + 601 * NS])
    assert len(stamped.motion(60.0, 0.0)) == 601 * 60 + 1


def test_what_is_collected_lies_on_disk(tmp_path):
    """Ten minutes of speech at 48 kHz, in chunks of a second, and a face for each."""
    second = np.linspace(-1, 1, 48000, dtype=np.float32)
    weights = np.zeros(51, np.float32)
    names = tuple(f'w{index}' for index in range(51))
    stamped = StampedMotion(tmp_path / 'new')
    tracemalloc.start()
    for index in range(600):
        stamped.add_samples(T0 + index * NS, 48000 * index, 48000, second)
        stamped.add_weights(names, T0 + index * NS, weights)
    used, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6e6 < 600 * second.nbytes
    audio = stamped.audio(700.0)
    assert len(audio) == 600 * 48000
    np.testing.assert_array_equal(audio[-48000:], second)
    assert not list((tmp_path / 'new').iterdir())


def test_no_room_for_what_is_collected_is_one_line(tmp_path):
    stamped = StampedMotion(tmp_path / 'file')
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(InputError, match='cannot store the recording'):
        stamped.add_samples(T0, 0, 16000, np.zeros(16, np.float32))
