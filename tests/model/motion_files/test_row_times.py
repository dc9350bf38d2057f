"""Tables of weights by every kind of time column: timecodes, clocks, units, frame numbers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.arkit_csv import read_arkit_csv
from diffsheg_model.motion_files.read import read_motion
from diffsheg_model.motion_files.track import ReadOptions


def codes(rate, begin, count, mark=':', fraction='.000', drop=False, skip=()):
    """Timecodes of consecutive frames, by the number of the first."""
    lines = []
    for frame in range(begin, begin + count):
        number = frame
        if drop:  # SMPTE 12M: 2 numbers at 30, 4 at 60, of every minute but the tenth
            left = rate // 30 * 2
            tens, rest = divmod(frame, 600 * rate - 9 * left)
            number += 9 * left * tens
            if rest >= 60 * rate:
                number += left * (1 + (rest - 60 * rate) // (60 * rate - left))
        seconds, frames = divmod(number, rate)
        hours, minutes = divmod(seconds // 60, 60)
        if frame - begin not in skip:
            clock = f'{hours % 24:02d}:{minutes:02d}:{seconds % 60:02d}'
            lines.append(f'{clock}{mark}{frames:02d}{fraction}')
    return lines


def table(path, times, name='Timecode', separator=','):
    rows = [f'{time}{separator}{index % 10 / 10}' for index, time in enumerate(times)]
    path.write_text('\n'.join([f'{name}{separator}JawOpen', *rows]) + '\n')
    return path


def read(path, sound_s=None, **options):
    return read_arkit_csv(path, sound_s, ReadOptions(**options))[0]


@pytest.mark.parametrize('rate', [15, 24, 25, 30, 48, 50, 60, 100, 120])
@pytest.mark.parametrize('seconds', [1.2, 2.0, 2.9, 10.0, 75.0])
@pytest.mark.parametrize('fraction', ['', '.000', '.250', ',500'])
def test_timecodes_tell_their_rate_at_any_length(tmp_path, rate, seconds, fraction):
    count = round(seconds * rate)
    times = codes(rate, 3600 * rate + rate // 2, count, fraction=fraction)
    path = table(tmp_path / 'a.csv', times, separator=';')
    np.testing.assert_allclose(read(path).times_s, np.arange(count) / rate, atol=1e-6)
    assert read_motion(path).fps == rate
    np.testing.assert_allclose(read(path, seconds).times_s, np.arange(count) / rate, atol=1e-6)


@pytest.mark.parametrize('rate', [24, 25, 30, 60])
def test_timecodes_go_on_past_midnight_at_any_rate(tmp_path, rate):
    path = table(tmp_path / 'a.csv', codes(rate, 86399 * rate, 2 * rate))
    np.testing.assert_allclose(read(path).times_s, np.arange(2 * rate) / rate, atol=1e-6)


@pytest.mark.parametrize('rate', [24, 25, 30, 50, 60])
@pytest.mark.parametrize('skip', [(3, 4), (11,), range(20, 24), (0, 7, 19, 20)])
def test_frames_that_were_dropped_stay_dropped(tmp_path, rate, skip):
    times = codes(rate, rate // 2, 4 * rate, skip=skip)
    path = table(tmp_path / 'a.csv', times)
    left = np.array([frame for frame in range(4 * rate) if frame not in skip])
    np.testing.assert_allclose(read(path).times_s, (left - left[0]) / rate, atol=1e-6)
    assert read_motion(path).fps == rate


@pytest.mark.parametrize(('rate', 'mark'), [(30, ';'), (60, ';'), (30, ':'), (60, ':')])
def test_drop_frame_timecodes_are_ntsc(tmp_path, rate, mark):
    fps = rate * 1000 / 1001
    path = table(tmp_path / 'a.csv', codes(rate, 50 * rate, 80 * rate, mark, drop=True))
    np.testing.assert_allclose(read(path).times_s, np.arange(80 * rate) / fps, atol=1e-6)
    assert read_motion(path).fps == pytest.approx(fps)


def test_timecodes_without_dropped_numbers_are_ntsc_where_the_sound_says_so(tmp_path):
    path = table(tmp_path / 'a.csv', codes(30, 0, 30 * 600))
    track, notes = read_arkit_csv(path, 600.6, ReadOptions())
    assert track.times_s[-1] == pytest.approx(600.6, abs=0.05)
    assert any('at 29.97 fps: taken as that' in note for note in notes)
    assert read(path, 600.0).times_s[-1] == pytest.approx(600.0, abs=0.05)


def test_two_captures_a_timecode_frame(tmp_path):
    """A capture at 60 fps beside timecodes at 30: halves of frames."""
    times = [time[:-4] + part for time in codes(30, 20, 60) for part in ('.000', '.500')]
    motion = read_motion(table(tmp_path / 'a.csv', times))
    assert (motion.fps, len(motion)) == (60, 120)


def test_stamps_of_a_clock_jitter(tmp_path):
    rng = np.random.default_rng(0)
    for rate in (24, 25, 30, 60):
        times = []
        for frame in range(4 * rate):
            second, part = divmod(frame + 0.3 + rng.uniform(-0.1, 0.1), rate)
            times.append(f'10:00:{int(second):02d}:{part:06.3f}')
        motion = read_motion(table(tmp_path / 'a.csv', times))
        assert motion.fps == rate and abs(len(motion) - 4 * rate) <= 1


@pytest.mark.parametrize(
    ('times', 'rate'),
    [
        (codes(60, 0, 60), 60), (codes(60, 50, 5), 60), (codes(30, 29, 2), 30),
        (codes(25, 24, 2), 25), (codes(60, 59, 2), 60), (codes(60, 59, 1), 60),
    ],
)  # fmt: skip
def test_little_can_be_enough(tmp_path, times, rate):
    assert read_motion(table(tmp_path / 'a.csv', times)).fps == rate


@pytest.mark.parametrize(
    'times', [codes(30, 0, 30), codes(30, 3, 2), codes(24, 0, 24), codes(60, 5, 20)]
)
def test_undetermined_timecodes_within_a_second_are_refused(tmp_path, times):
    path = table(tmp_path / 'a.csv', times)
    with pytest.raises(InputError, match=r'do not determine their rate .* with --fps') as caught:
        read(path)
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)
    for fps in (25, 30, 60):
        expected = np.arange(len(times)) / fps
        np.testing.assert_allclose(read(path, fps=fps).times_s, expected, atol=1e-6)


def test_the_sound_tells_the_rate_within_a_second(tmp_path):
    path = table(tmp_path / 'a.csv', codes(30, 0, 30))
    assert read(path, 1.0).times_s[-1] == pytest.approx(29 / 30)
    assert read(path, 0.5).times_s[-1] == pytest.approx(29 / 60)


def test_a_given_rate_keeps_what_was_dropped(tmp_path):
    path = table(tmp_path / 'a.csv', codes(60, 30, 240, skip=(100, 101)))
    assert read(path, fps=60).times_s[-1] == pytest.approx(239 / 60)
    assert read(path, fps=30).times_s[-1] == pytest.approx(237 / 30)  # not what the file says
    path = table(tmp_path / 'b.csv', [n for n in range(90) if n != 20], name='frame')
    assert read(path, fps=30).times_s[-1] == pytest.approx(89 / 30)


UNITS = {'s': 1.0, 'ms': 1e-3, 'us': 1e-6, 'ns': 1e-9}
NAMES = {
    's': ('time_s', 'Time (s)', 'seconds', 'timeSec'),
    'ms': ('time_ms', 'timestampMs', 'Time [ms]', 'milliseconds', 'timestamp_millis'),
    'us': ('time_us', 'timestamp_us', 'Time [µs]', 'microseconds'),
    'ns': ('time_ns', 'timestampNs', 'stamp_nanoseconds'),
}


def stamps(unit, rate, begin_s, count=90):
    for frame in range(count):
        if unit == 's':
            yield f'{begin_s + frame / rate:.4f}'
        else:
            yield round(begin_s / UNITS[unit]) + round(frame / rate / UNITS[unit])


@pytest.mark.parametrize('begin_s', [0, 1_700_000_000, 12.0])
@pytest.mark.parametrize('rate', [24, 25, 30, 60, 120])
@pytest.mark.parametrize('unit', UNITS)
def test_the_unit_of_times_is_told_by_name_or_by_their_steps(tmp_path, unit, rate, begin_s):
    for name in ('timestamp', 'time', 'Timestamp', 'timeCode', 'unix_time', *NAMES[unit]):
        path = table(tmp_path / 'a.csv', stamps(unit, rate, begin_s), name=name)
        motion = read_motion(path)
        assert motion.fps == pytest.approx(rate, rel=0.002)
        assert motion.duration_s == pytest.approx(90 / rate, rel=0.01)
        times_s = read(path, 90 / rate).times_s
        np.testing.assert_allclose(times_s, np.arange(90) / rate, atol=2e-3)


@pytest.mark.parametrize(
    ('name', 'step', 'says'),
    [
        ('time', 1, 'in an unknown unit'), ('t', 2, 'unknown unit'),
        ('timestamp', 1000, 'unknown unit'), ('time', 1.5e5, 'unknown unit'),
        ('time_s', 33, 'plausible frame rate'), ('time_ms', 0.033, 'not a plausible frame rate'),
        ('time_us', 33, 'plausible frame rate'), ('seconds', 16.7, 'not a plausible frame rate'),
        ('frame', 1, 'has frame numbers and no times'), ('Frame Number', 1, 'frame numbers'),
        ('frame_id', 2, 'frame numbers'), ('speed', 1, 'has no column of time or timecode'),
    ],
)  # fmt: skip
def test_what_cannot_be_times_is_refused_in_one_line(tmp_path, name, step, says):
    path = table(tmp_path / 'a.csv', [step * row for row in range(90)], name=name)
    with pytest.raises(InputError) as caught:
        read_motion(path)
    line = str(caught.value)
    assert str(path) in line and says in line and '--fps' in line and '\n' not in line
    assert read_motion(path, fps=30).fps == 30


CLOCKS = {
    'HH:MM:SS.mmm': lambda s: f'{int(s) // 3600:02d}:{int(s) // 60 % 60:02d}:{s % 60:06.3f}',
    'with a comma': lambda s: CLOCKS['HH:MM:SS.mmm'](s).replace('.', ','),
    'MM:SS.mmm': lambda s: f'{int(s) // 60:02d}:{s % 60:06.3f}',
    'microseconds': lambda s: f'{int(s) // 3600:02d}:{int(s) // 60 % 60:02d}:{s % 60:09.6f}',
    'a date': lambda s: '2024-05-01T' + CLOCKS['HH:MM:SS.mmm'](s),
    'a date in UTC': lambda s: '2024-05-01 ' + CLOCKS['HH:MM:SS.mmm'](s) + '+00:00',
}


@pytest.mark.parametrize('how', CLOCKS)
@pytest.mark.parametrize('rate', [25, 30, 60])
def test_times_of_a_clock(tmp_path, how, rate):
    times = [CLOCKS[how](58.5 + frame / rate) for frame in range(4 * rate)]
    for name in ('time', 'timestamp', 'Timecode'):
        motion = read_motion(table(tmp_path / 'a.csv', times, name=name, separator=';'))
        assert motion.fps == rate and abs(len(motion) - 4 * rate) <= 1


def test_a_table_that_begins_well_after_its_sound_is_refused(tmp_path):
    path = table(tmp_path / 'a.csv', stamps('s', 30, 1.5), name='time_s')
    with pytest.raises(InputError, match=r'begins 1\.50 s after its sound: .* --tolerance'):
        read(path, 4.0)
    assert read(path, 4.0, tolerance_s=2.0).times_s[0] == pytest.approx(1.5)


@pytest.mark.parametrize('sound_s', [1.2, 2.0, 4.0, 20.0])
def test_what_table_and_sound_both_have_is_used(tmp_path, sound_s):
    path = table(tmp_path / 'a.csv', codes(30, 10, 90))
    track, notes = read_arkit_csv(path, sound_s, ReadOptions())
    assert track.end_s == pytest.approx(3.0)
    assert f'the {min(sound_s, 3.0):.2f} s that both have are used' in notes[-1]


def test_milliseconds_behind_a_colon_are_named(tmp_path):
    times = [f'00:00:{i // 30:02d}:{i % 30 * 33:03d}' for i in range(90)]
    with pytest.raises(InputError, match=r'count up to 957 frames in a second: .*HH:MM:SS\.fff'):
        read(table(tmp_path / 'face.csv', times))
