"""SHOW takes: SMPL-X bodies out of pickles, hands with and without their components."""

import json
import pickle

import numpy as np
import pytest

from diffsheg_model.data.recordings.channels import to_channels
from diffsheg_model.data.recordings.kinds import recognise
from diffsheg_model.data.recordings.show import find, read, read_hand_components
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import SHOW
from diffsheg_model.motion_files.track import ReadOptions
from tests.support.made_recordings import only, show_pickle, write_show_take, write_wav
from tests.support.recordings import DATA

COMPONENTS = np.random.default_rng(1).standard_normal((2, 45, 45))


def hands_of(channels):
    return channels.motion[:, 39:129]


def test_a_take_becomes_the_format(tmp_path):
    write_show_take(tmp_path / 'Chemistry' / 'video', 'clip', hand_columns=45)
    recording = read(only(find(tmp_path)), ReadOptions())
    assert recording.speaker == 1 and recording.notes == ()
    content = show_pickle(hand_columns=45)
    channels = to_channels(recording, SHOW, 150)
    assert all(channels.joint_mask) and channels.face_valid
    motion = channels.motion
    assert motion.shape == (150, SHOW.channels)
    # 15 fps is every second frame of 30
    body = content['body_pose_axis'][::2].reshape(150, 21, 3)
    np.testing.assert_allclose(motion[:, :3], body[:, 2], atol=1e-5)  # spine1
    np.testing.assert_allclose(motion[:, 36:39], body[:, 20], atol=1e-5)  # right wrist
    np.testing.assert_allclose(motion[:, 39:84], content['left_hand_pose'][::2], atol=1e-5)
    np.testing.assert_allclose(motion[:, 84:129], content['right_hand_pose'][::2], atol=1e-5)
    np.testing.assert_allclose(motion[:, 129:132], content['jaw_pose'][::2], atol=1e-5)
    np.testing.assert_allclose(motion[:, 132:], content['expression'][::2], atol=1e-6)


def test_hands_as_coefficients_are_masked_without_components(tmp_path):
    write_show_take(tmp_path, 'clip')
    recording = read(only(find(tmp_path)), ReadOptions())
    assert recording.speaker == -1
    assert 'give --hand-components' in recording.notes[0]
    channels = to_channels(recording, SHOW, 150)
    assert channels.joint_mask == (True,) * 13 + (False,) * 30
    assert not hands_of(channels).any()


@pytest.mark.parametrize('kind', ['npz', 'json'])
def test_components_turn_coefficients_into_hands(tmp_path, kind):
    left, right = COMPONENTS
    path = tmp_path / f'components.{kind}'
    if kind == 'npz':
        np.savez(path, hands_componentsl=left, hands_componentsr=right, v_template=np.zeros(3))
    else:
        path.write_text(json.dumps({'left': left.tolist(), 'right': right.tolist()}))
    write_show_take(tmp_path / 'takes', 'clip')
    recording = read(only(find(tmp_path / 'takes')), ReadOptions(hand_components=path))
    assert recording.notes == ()
    content = show_pickle()
    expected = np.concatenate(
        [content['left_hand_pose'] @ left[:12], content['right_hand_pose'] @ right[:12]], axis=1
    )
    index = [recording.joints.names.index(name) for name in SHOW.joint_names[13:]]
    found = recording.joints.values[:, index].reshape(300, 90)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_tensors_are_read_as_arrays_are(tmp_path):
    torch = pytest.importorskip('torch')
    write_show_take(tmp_path, 'clip')
    plain = read(only(find(tmp_path)), ReadOptions())
    tensors = {
        key: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for key, value in show_pickle().items()
    }
    (tmp_path / 'clip.pkl').write_bytes(pickle.dumps(tensors))
    found = read(only(find(tmp_path)), ReadOptions())
    np.testing.assert_array_equal(found.joints.values, plain.joints.values)
    np.testing.assert_array_equal(found.weights.values, plain.weights.values)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'expression': None}, 'has no expression'), ({'jaw_pose': None}, 'has no jaw_pose'),
        ({'body_pose_axis': np.zeros((300, 60))}, 'shape (300, 60): must be (300, 63)'),
        ({'jaw_pose': np.zeros((299, 3))}, 'shape (299, 3): must be (300, 3)'),
        ({'jaw_pose': np.full((300, 3), np.nan)}, 'NaN in frame 0 of jaw (300 such frames)'),
        ({'expression': 'none'}, 'expression is not an array'),
        ({'left_hand_pose': None}, 'left_hand_pose must have 45 columns'),
        ({'left_hand_pose': np.zeros((300, 90))}, 'left_hand_pose must have 45 columns'),
        ({'frames': 60}, 'durations disagree: 10.00 s of sound'),
    ],
)  # fmt: skip
def test_spoilt_pickles_are_refused_in_one_line(tmp_path, changes, message):
    write_show_take(tmp_path, 'clip', **changes)
    with pytest.raises(InputError) as caught:
        read(only(find(tmp_path)), ReadOptions())
    assert message in str(caught.value) and '\n' not in str(caught.value)


def test_a_pickle_of_something_else_is_refused(tmp_path):
    write_wav(tmp_path / 'clip.wav', 10.0)
    (tmp_path / 'clip.pkl').write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(InputError, match='holds a list'):
        read(only(find(tmp_path)), ReadOptions())
    (tmp_path / 'clip.pkl').write_bytes(b'')
    with pytest.raises(InputError, match='is not a pickle'):
        read(only(find(tmp_path)), ReadOptions())


@pytest.mark.parametrize('content', [b'', b'{}', b'PK\x03\x04', None])
def test_components_that_are_none_are_refused(tmp_path, content):
    path = tmp_path / 'components.npz'
    if content is None:
        np.savez(path, hands_componentsl=np.zeros((45, 3)), hands_componentsr=np.zeros((45, 3)))
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r'--hand-components .*components\.npz'):
        read_hand_components(path)


def test_halves_say_so(tmp_path):
    write_show_take(tmp_path, 'a', 3.0)
    write_show_take(tmp_path, 'b', 3.0)
    (tmp_path / 'a.wav').unlink()
    (tmp_path / 'b.pkl').unlink()
    assert [take.problem for take in find(tmp_path)] == ['no a.wav beside it', 'no b.pkl beside it']


@pytest.mark.skipif(not (DATA / 'show').is_dir(), reason='no SHOW takes in DIFFSHEG_DATA')
def test_real_takes_are_read():
    takes = find(DATA / 'show')
    assert len(takes) == 5 and recognise(DATA / 'show').name == 'show'
    recording = read(takes[0], ReadOptions())
    assert recording.duration_s == pytest.approx(10)
    channels = to_channels(recording, SHOW, 150)
    jaw = channels.motion[:, 129]
    # jaws open about X, by less than 40 degrees, and move
    assert -0.1 < jaw.min() < jaw.max() < 0.7 and jaw.std() > 0.01
