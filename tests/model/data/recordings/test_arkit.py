"""Tables of ARKit weights: Live Link Face's and others, alone and beside a BVH."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.data.recordings import arkit
from diffsheg_model.data.recordings.channels import to_channels
from diffsheg_model.data.recordings.kinds import recognise
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.arkit_csv import read_arkit_csv, write_face_csv
from diffsheg_model.motion_files.arkit_names import arkit_name
from diffsheg_model.motion_files.track import ReadOptions
from tests.support.made_recordings import (
    only,
    swing,
    timecode,
    weights,
    write_body,
    write_live_link,
    write_wav,
)


def table(path, rows, header):
    lines = [','.join(header)] + [','.join(str(cell) for cell in row) for row in rows]
    path.write_text('\n'.join(lines) + '\n')
    return path


@pytest.mark.parametrize(
    ('spelling', 'name'),
    [
        ('EyeBlinkLeft', 'eyeBlinkLeft'), ('eye_blink_left', 'eyeBlinkLeft'),
        ('eyeBlink_L', 'eyeBlinkLeft'), (' JAW OPEN ', 'jawOpen'), ('browInnerUp', 'browInnerUp'),
        ('mouthUpperUp_R', 'mouthUpperUpRight'), ('TongueOut', None), ('HeadYaw', None), ('', None),
    ],
)  # fmt: skip
def test_names_are_known_in_every_spelling(spelling, name):
    assert arkit_name(spelling) == name


def test_timecodes_go_on_past_midnight(tmp_path):
    write_live_link(tmp_path / 'a.csv', 4.0, start_s=86398)
    track, _ = read_arkit_csv(tmp_path / 'a.csv', 4.0, ReadOptions())
    np.testing.assert_allclose(track.times_s, np.arange(240) / 60, atol=1e-9)


def test_timecodes_of_another_rate_are_told_by_their_frames(tmp_path):
    rows = [[timecode(frame, fps=30), 0.5] for frame in range(120)]
    path = table(tmp_path / 'a.csv', rows, ['Timecode', 'JawOpen'])
    track, notes = read_arkit_csv(path, 4.0, ReadOptions())
    np.testing.assert_allclose(track.times_s, np.arange(120) / 30, atol=1e-9)
    assert track.names == ('jawOpen',)
    assert 'lacks 50 of 51 weights' in notes[0]


def test_a_face_lost_for_moments_is_bridged(tmp_path):
    write_live_link(tmp_path / 'a.csv', 4.0, lost=range(60, 80))
    track, notes = read_arkit_csv(tmp_path / 'a.csv', 4.0, ReadOptions())
    assert len(track.values) == 220
    assert notes == (
        'a.csv lost the face in 20 of 240 rows: bridged',
        'a.csv has a gap of 0.35 s: bridged',
    )
    write_live_link(tmp_path / 'a.csv', 4.0, lost=range(60, 120))
    with pytest.raises(InputError, match='the face is lost in 60 of 240 rows'):
        read_arkit_csv(tmp_path / 'a.csv', 4.0, ReadOptions())


def test_our_own_face_csv_and_a_bvh_are_read(tmp_path):
    values = weights(60, 15).astype(np.float32)
    nothing = np.zeros((60, 0, 3), np.float32)
    write_face_csv(tmp_path / 'me.csv', Motion(15.0, (), nothing, ARKIT_WEIGHTS, values))
    write_body(tmp_path / 'me.bvh', 4.0, 60)
    write_wav(tmp_path / 'me.wav', 4.0)
    assert recognise(tmp_path).name == 'arkit'
    recording = arkit.read(only(arkit.find(tmp_path)), ReadOptions())
    channels = to_channels(recording, BEAT, 60)
    np.testing.assert_allclose(channels.motion[:, 141:], values, atol=1e-6)
    assert all(channels.joint_mask)
    found = Rotation.from_rotvec(channels.motion[:, :141].reshape(-1, 3))
    expected = Rotation.from_rotvec(swing(60, 15).reshape(-1, 3))
    assert (expected.inv() * found).magnitude().max() < 1e-5


def test_a_bvh_without_fingers_is_masked(tmp_path):
    write_body(tmp_path / 'me.bvh', 4.0, 60)
    text = (tmp_path / 'me.bvh').read_text().replace('HandPinky', 'HandSmall')
    (tmp_path / 'me.bvh').write_text(text)
    write_wav(tmp_path / 'me.wav', 4.0)
    recording = arkit.read(only(arkit.find(tmp_path)), ReadOptions())
    assert 'lacks 8 of 47 joints' in recording.notes[0]
    channels = to_channels(recording, BEAT, 60)
    assert sum(channels.joint_mask) == 39 and not channels.face_valid


@pytest.mark.parametrize(
    ('header', 'first', 'step'),
    [('time_s', 0, 1 / 30), ('Time', 1.6e9, 1 / 30), ('TIME_MS', 0, 1000 / 30)],
)
def test_columns_of_time_are_read(tmp_path, header, first, step):
    rows = [[first + step * frame, 0.5] for frame in range(120)]
    path = table(tmp_path / 'a.csv', rows, [header, 'jawOpen'])
    track, _ = read_arkit_csv(path, 4.0, ReadOptions())
    np.testing.assert_allclose(track.times_s, np.arange(120) / 30, atol=1e-6)


def test_a_table_without_times_needs_its_rate(tmp_path):
    path = table(tmp_path / 'a.csv', [[0.5]] * 100, ['jawOpen'])
    with pytest.raises(InputError, match='give its rate with --fps'):
        read_arkit_csv(path, 4.0, ReadOptions())
    track, _ = read_arkit_csv(path, 4.0, ReadOptions(fps=25))
    assert track.times_s[25] == 1


def rising(count):
    return [[frame / 30, 0.5] for frame in range(count)]


@pytest.mark.parametrize(
    ('rows', 'header', 'message'),
    [
        ([], ['time', 'jawOpen'], 'has no rows'),
        (rising(120), ['time', 'speed'], 'none of its 2 columns is an ARKit blendshape'),
        (rising(120), ['JawOpen', 'jawOpen'], 'two columns of jawOpen'),
        ([[0, 0.5], *rising(119)], ['time', 'jawOpen'], 'do not rise (row 3)'),
        ([*rising(119), ['soon', 0.5]], ['time', 'jawOpen'], 'do not rise (row 121)'),
        ([[frame / 30, 50] for frame in range(120)], ['time', 'jawOpen'], 'must be in 0..1'),
        ([['10:00', 0.5]] * 120, ['timecode', 'jawOpen'], "'10:00' is not a timecode"),
        ([*rising(119), [119 / 30]], ['time', 'jawOpen', 'jawLeft'], 'the face is lost in 119'),
    ],
)  # fmt: skip
def test_spoilt_tables_are_refused_in_one_line(tmp_path, rows, header, message):
    path = table(tmp_path / 'a.csv', rows, header)
    with pytest.raises(InputError) as caught:
        read_arkit_csv(path, 4.0, ReadOptions())
    assert message in str(caught.value) and '\n' not in str(caught.value)


def test_not_a_number_is_named(tmp_path):
    rows = rising(120)
    rows[7][1] = 'nan'
    table(tmp_path / 'a.csv', rows, ['time', 'jawOpen'])
    write_wav(tmp_path / 'a.wav', 4.0)
    with pytest.raises(InputError, match=r'a: NaN in frame 7 of jawOpen \(1 such frames\)'):
        arkit.read(only(arkit.find(tmp_path)), ReadOptions())


def test_halves_say_so(tmp_path):
    table(tmp_path / 'a.csv', rising(9), ['time', 'jawOpen'])
    write_wav(tmp_path / 'b.wav', 1.0)
    table(tmp_path / 'c.csv', rising(9), ['time', 'price'])
    write_wav(tmp_path / 'c.wav', 1.0)
    assert [take.problem for take in arkit.find(tmp_path)] == [
        'no a.wav beside its motion',
        'no b.csv and no b.bvh beside its wav',
        'c.csv has no column of an ARKit blendshape',
    ]
