"""BEAT takes: mocap, face, annotations, and frame rates that the sound finds out."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.data.recordings.beat import SPEAKERS, find, read
from diffsheg_model.data.recordings.channels import to_channels
from diffsheg_model.data.recordings.kinds import recognise
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion_files.bvh import read_bvh
from diffsheg_model.motion_files.clock import true_rate
from diffsheg_model.motion_files.track import ReadOptions
from tests.support.made_recordings import (
    only,
    weights,
    write_beat_take,
    write_body,
    write_facial_json,
    write_wav,
)
from tests.support.recordings import DATA

NAME = '2_scott_0_1_1'
SMALL_BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Spine
  {
    OFFSET 0 1 0
    CHANNELS 3 Yrotation Xrotation Zrotation
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.008333
1 2 3 10 20 30 40 50 60
1 2 3 11 21 31 -41 -51 -61
"""


def test_a_whole_take_is_read(tmp_path):
    write_beat_take(tmp_path)
    recording = read(only(find(tmp_path)), ReadOptions())
    assert recording.speaker == 1 and SPEAKERS[1] == 'scott' and len(SPEAKERS) == 30
    assert recording.joints.names == BEAT.joint_names
    assert recording.notes == ()
    assert recording.words == ((0.5, 1.25, 'say'), (1.25, 4.0, 'the "word"'))
    channels = to_channels(recording, BEAT, 60)
    rotations = channels.motion[:, :141].reshape(60, 47, 3)
    # frame k at k / 15 s: every eighth of 120 fps, every fourth of 60 fps
    expected = Rotation.from_rotvec(write_body(tmp_path / 'x.bvh')[::8].reshape(-1, 3))
    turned = Rotation.from_rotvec(rotations.reshape(-1, 3))
    assert (expected.inv() * turned).magnitude().max() < 1e-5
    np.testing.assert_allclose(channels.motion[:, 141:], weights(240, 60)[::4], atol=1e-6)
    assert channels.face_valid and all(channels.joint_mask) and all(channels.weight_mask)
    # of two stretches that overlap the first counts
    np.testing.assert_allclose(
        channels.semantic[[0, 14, 15, 16, 30, 31]], [0.1, 0.1, 0.1, 0.9, 0.9, 0]
    )


@pytest.mark.parametrize('layout', ['by speaker', 'by kind'])
def test_files_are_found_in_folders_of_their_own(tmp_path, layout):
    write_beat_take(tmp_path / 'all')
    for path in sorted((tmp_path / 'all').iterdir()):
        folder = tmp_path / ('2' if layout == 'by speaker' else path.suffix[1:])
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)
    take = only(find(tmp_path))
    assert set(take.files) == {'wav', 'bvh', 'json', 'txt', 'textgrid'} and not take.problem
    assert recognise(tmp_path).name == 'beat'


def test_angles_are_in_the_order_of_their_channels(tmp_path):
    path = tmp_path / 'a.bvh'
    path.write_text(SMALL_BVH)
    bvh = read_bvh(path)
    assert bvh.fps == 120 and bvh.stated_frames == 2
    found = Rotation.from_rotvec(bvh.rotations(('Hips', 'Spine'))[1])

    def about(axis, degrees):
        return Rotation.from_rotvec(np.deg2rad(degrees) * np.eye(3)['XYZ'.index(axis)])

    hips = about('Z', 11) * about('X', 21) * about('Y', 31)
    spine = about('Y', -41) * about('X', -51) * about('Z', -61)
    assert (found[0].inv() * hips).magnitude() < 1e-9
    assert (found[1].inv() * spine).magnitude() < 1e-9


def test_rotations_are_resampled_the_short_way_round(tmp_path):
    write_wav(tmp_path / f'{NAME}.wav', 4.0)
    write_body(tmp_path / f'{NAME}.bvh', 4.0, fps=12.5)
    path = tmp_path / f'{NAME}.bvh'
    head, _, rows = path.read_text().partition('Frame Time: 0.080000000\n')
    values = np.loadtxt(rows.splitlines())
    values[:, 3:] = 0
    column = 3 + 3 * 1  # Spine follows Hips
    values[:, column + 1] = np.where(np.arange(50) % 2, 170, -170)  # 20 degrees over the back
    body = '\n'.join(' '.join(map(str, row)) for row in values)
    path.write_text(f'{head}Frame Time: 0.08\n{body}\n')
    recording = read(only(find(tmp_path)), ReadOptions())
    rotations = to_channels(recording, BEAT, 55).motion[:, :3]
    angles = np.rad2deg(np.linalg.norm(rotations, axis=1))
    assert angles.min() > 169.9


@pytest.mark.parametrize(
    ('frames', 'stated', 'sound_s', 'rate'),
    [(957, 120, 64.1, 15), (7680, 120, 64.1, 120), (3840, 120, 63.8, 60), (1600, 25, 64.0, 25)],
)
def test_a_header_is_believed_where_the_sound_agrees(frames, stated, sound_s, rate):
    found, note = true_rate(np.zeros((frames, 3)), stated, sound_s, ReadOptions(), 'a.bvh')
    assert found == rate
    assert bool(note) == (rate != stated)


def captured(seconds, fps):
    """Motion as it is recorded: up to some 4 Hz, seen so many times a second."""
    rng = np.random.default_rng(3)
    times = np.arange(round(seconds * fps))[:, None, None] / fps
    speed, phase = rng.uniform(1, 25, (40, 1, 9)), rng.uniform(0, 6, (40, 1, 9))
    return sum(np.sin(s * times[..., 0] + p) for s, p in zip(speed, phase, strict=True))


@pytest.mark.parametrize(
    ('fps', 'stated', 'motion_s', 'sound_s', 'rate'),
    [
        (120, 120, 42.0, 64.0, 120), (120, 120, 42.0, 43.0, 120), (120, 120, 64.0, 42.0, 120),
        (120, 120, 4.0, 26.0, 120), (60, 60, 20.0, 60.0, 60), (120, 120, 60.0, 20.0, 120),
        (15, 120, 64.0, 86.0, 15), (15, 120, 64.0, 67.0, 15),
    ],
)  # fmt: skip
def test_where_one_was_ended_sooner_the_smoothness_of_frames_tells_the_rate(
    fps, stated, motion_s, sound_s, rate
):
    values = captured(motion_s, fps)
    found, note = true_rate(values, stated, sound_s, ReadOptions(), 'a.bvh')
    assert found == rate
    assert f'{sound_s:.2f} s of sound' in note
    assert f'the {min(motion_s, sound_s):.2f} s that both have are used' in note


def test_a_rate_that_nothing_tells_is_refused_with_the_options_that_help():
    still = np.zeros((1280, 3))
    with pytest.raises(InputError, match='durations disagree: 64.00 s of sound') as caught:
        true_rate(still, 30, 64.0, ReadOptions(), 'a.bvh')
    assert '--fps' in str(caught.value) and '--tolerance (0.5 s)' in str(caught.value)
    assert true_rate(still, 30, 64.0, ReadOptions(fps=30), 'a.bvh')[0] == 30
    assert true_rate(still, 30, 64.0, ReadOptions(tolerance_s=22), 'a.bvh')[0] == 30


@pytest.mark.parametrize('sound_s', [4.7, 6.0, 10.0, 26.0, 3.2])
def test_of_sound_and_motion_what_both_have_is_used(tmp_path, sound_s):
    write_beat_take(tmp_path)
    write_wav(tmp_path / f'{NAME}.wav', sound_s)
    recording = read(only(find(tmp_path)), ReadOptions())
    both = min(4.0, sound_s)
    assert sum(f'the {both:.2f} s that both have are used' in note for note in recording.notes) == 2
    assert (recording.joints.end_s, recording.weights.end_s) == pytest.approx((4, 4), abs=0.02)
    assert recording.duration_s == pytest.approx(sound_s)


def test_a_lying_header_is_reported(tmp_path):
    write_beat_take(tmp_path)
    write_body(tmp_path / 'slow.bvh', 4.0, fps=15)
    text = (tmp_path / 'slow.bvh').read_text().replace('Frame Time: 0.066666667',
                                                       'Frame Time: 0.008333')  # fmt: skip
    (tmp_path / f'{NAME}.bvh').write_text(text)
    recording = read(only(find(tmp_path)), ReadOptions())
    assert 'says 120 fps, but its 60 frames in 4.00 s of sound are 15 fps' in recording.notes[0]
    assert recording.joints.times_s[15] == 1.0


def test_body_or_face_may_be_missing_and_is_masked(tmp_path):
    write_beat_take(tmp_path)
    (tmp_path / f'{NAME}.json').unlink()
    recording = read(only(find(tmp_path)), ReadOptions())
    channels = to_channels(recording, BEAT, 60)
    assert not channels.face_valid and not any(channels.weight_mask)
    assert not channels.motion[:, 141:].any()
    assert recording.notes == ('no json: the face is masked',)


def test_annotations_that_cannot_be_read_are_left_out(tmp_path):
    write_beat_take(tmp_path)
    (tmp_path / f'{NAME}.txt').write_text('a line of another kind\n')
    recording = read(only(find(tmp_path)), ReadOptions())
    assert recording.semantic is None
    assert 'line 1 is not a semantic score' in recording.notes[0]
    assert recording.words == ((0.5, 1.25, 'say'), (1.25, 4.0, 'the "word"'))


def replaced(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


SPOILT = {
    'no bvh': ('bvh', lambda p: p.write_text('nothing'), 'is not a BVH file'),
    'binary': ('bvh', lambda p: p.write_bytes(b'\xff\xfe\x00'), 'is not text'),
    'joints': ('bvh', lambda p: replaced(p, 'JOINT LeftArm\n', 'JOINT Tail\n'),
               "lacks 1 of BEAT's 47 (LeftArm)"),
    'cut': ('bvh', lambda p: p.write_text(p.read_text()[:-300]), 'cut or damaged'),
    'empty': ('bvh', lambda p: p.write_text(p.read_text().partition('0.008333333\n')[0]
                                            + '0.008333333\n'), 'has no frames'),
    'header': ('bvh', lambda p: replaced(p, 'Frame Time:', 'Speed:'), 'Frame Time'),
    'frame time': ('bvh', lambda p: replaced(p, 'Frame Time: 0.008333333', 'Frame Time: 9'),
                   'a frame time of 9 s'),
    'channels': ('bvh', lambda p: replaced(p, 'CHANNELS 3 X', 'CHANNELS 4 X'), 'channels is dam'),
    'columns': ('bvh', lambda p: replaced(p, 'CHANNELS 3 Xrotation Yrotation Zrotation',
                                          'CHANNELS 2 Xrotation Yrotation'), 'its hierarchy 227'),
    'nan': ('bvh', lambda p: p.write_text(p.read_text()[: p.read_text().rindex('\n', 0, -9)]
                                          + '\n' + ' '.join(['nan'] * 228) + '\n'),
            'NaN in frame 479 of Spine'),
    'json': ('json', lambda p: p.write_text('{"names": ['), 'is not a facial json'),
    'list': ('json', lambda p: p.write_text('[1, 2]'), 'is not a facial json'),
    'names': ('json', lambda p: write_facial_json(p, names=['a'] * 51), 'none of its 51 columns'),
    'twice': ('json', lambda p: write_facial_json(p, names=['jawOpen'] * 51), 'two columns of jaw'),
    'widths': ('json', lambda p: write_facial_json(p, names=['jawOpen']), '1 names, but weights'),
    'percent': ('json', lambda p: replaced(p, '[0.5,', '[50,'), 'must be in 0..1'),
    'json nan': ('json', lambda p: replaced(p, '[0.5,', '[NaN,'), 'NaN in frame 0 of browDown'),
    'wav': ('wav', lambda p: p.write_bytes(b'RIFF'), 'not a readable audio file'),
    'empty wav': ('wav', lambda p: p.write_bytes(b''), 'empty'),
}  # fmt: skip


@pytest.mark.parametrize('how', SPOILT)
def test_spoilt_files_are_refused_in_one_line(tmp_path, how):
    suffix, spoil, message = SPOILT[how]
    write_beat_take(tmp_path)
    spoil(tmp_path / f'{NAME}.{suffix}')
    with pytest.raises(InputError) as caught:
        read(only(find(tmp_path)), ReadOptions())
    assert message in str(caught.value)
    assert '\n' not in str(caught.value)
    assert '2_scott_0_1_1' in str(caught.value) or 'durations disagree' in str(caught.value)


def test_takes_that_lack_files_say_so(tmp_path):
    write_beat_take(tmp_path / 'a', '1_wayne_0_1_1')
    (tmp_path / 'a/1_wayne_0_1_1.wav').unlink()
    write_beat_take(tmp_path / 'a', '2_scott_0_2_2')
    for suffix in ('bvh', 'json'):
        (tmp_path / f'a/2_scott_0_2_2.{suffix}').unlink()
    write_beat_take(tmp_path / 'a', '31_nobody_0_1_1')
    write_beat_take(tmp_path / 'a', '3_solomon_0_1_1')
    write_wav(tmp_path / 'b/3_solomon_0_1_1.wav')
    assert [take.problem for take in find(tmp_path)] == [
        'no 1_wayne_0_1_1.wav beside its motion',
        'no 2_scott_0_2_2.bvh and no 2_scott_0_2_2.json beside its wav',
        'the name gives speaker 31: BEAT has 1..30',
        'there are two files 3_solomon_0_1_1.wav; keep one',
    ]


@pytest.mark.skipif(not (DATA / 'beat_scott').is_dir(), reason='no BEAT take in DIFFSHEG_DATA')
def test_the_real_take_moves_as_the_published_statistics_say():
    recording = read(only(find(DATA / 'beat_scott')), ReadOptions())
    assert 'says 120 fps, but its 957 frames in 64.10 s of sound are 15 fps' in recording.notes[0]
    channels = to_channels(recording, BEAT, 957)
    assert all(channels.joint_mask) and not channels.face_valid
    stats = DATA / 'beat_stats'
    mean, std = (np.load(stats / f'axis_angle_{name}.npy') for name in ('mean', 'std'))
    score = (channels.motion[:, :141] - mean) / np.maximum(std, 0.01)
    # One take of one speaker of the data that they are of; another order of the axes gives 3.
    assert np.sqrt((score**2).mean()) < 1


@pytest.mark.skipif(not (DATA / 'arkit_face').is_dir(), reason='no faces in DIFFSHEG_DATA')
def test_a_real_facial_json_is_read(tmp_path):
    (tmp_path / '26_reamey_0_103_103.json').symlink_to(
        DATA / 'arkit_face' / 'beat_26_reamey_0_103_103.json'
    )
    write_wav(tmp_path / '26_reamey_0_103_103.wav', 67.0)
    recording = read(only(find(tmp_path)), ReadOptions())
    assert recording.speaker == 25 and recording.notes == ('no bvh: the body is masked',)
    blink = recording.weights.values[:, recording.weights.names.index('eyeBlinkLeft')]
    assert len(blink) == 4019 and 0.5 < blink.max() <= 1
