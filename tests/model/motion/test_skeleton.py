"""Skeletons: the right tree and size, known poses, the sign conventions of real recordings."""

import json
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON, human
from diffsheg_model.motion.rotations import matrix_from_rotvec, rotvec_from_euler_xyz
from diffsheg_model.motion.skeleton import (
    Skeleton,
    bone_ends,
    forward_kinematics,
    joint_frames,
)
from tests.support.recordings import DATA

BEAT_TAKE = DATA / 'beat_scott' / '2_scott_0_1_1.bvh'
SMPLX_TAKE = DATA / 'beat_scott' / '2_scott_0_1_1_smplx.npz'

PARTS = {
    'beat': {
        'root': 'Hips',
        'hands': ('LeftHand', 'RightHand'),
        'elbows': ('LeftForeArm', 'RightForeArm'),
        'shoulders': ('LeftArm', 'RightArm'),
        'thumbs': ('LeftHandThumb3', 'RightHandThumb3'),
        'tips': ('LeftHandMiddle4', 'RightHandMiddle4'),
        'feet': ('LeftToeBase', 'RightToeBase'),
        'head': 'HeadEnd',
    },
    'show': {
        'root': 'pelvis',
        'hands': ('left_wrist', 'right_wrist'),
        'elbows': ('left_elbow', 'right_elbow'),
        'shoulders': ('left_shoulder', 'right_shoulder'),
        'thumbs': ('left_thumb3', 'right_thumb3'),
        'tips': ('left_middle3', 'right_middle3'),
        'feet': ('left_foot', 'right_foot'),
        'head': 'head',
    },
}


def chain() -> Skeleton:
    """Three joints, each a metre along X from the one before."""
    return Skeleton(
        names=('a', 'b', 'c'),
        parents=(-1, 0, 1),
        offsets_m=np.array([[0.0, 1, 0], [1, 0, 0], [1, 0, 0]]),
        rest=np.zeros((3, 3)),
    )


def recursive_positions(skeleton: Skeleton, pose: np.ndarray) -> np.ndarray:
    """Joint by joint, the plain way, for one frame of all joints."""
    local = matrix_from_rotvec(pose)
    positions = np.zeros((len(skeleton.names), 3))
    turned = np.zeros((len(skeleton.names), 3, 3))
    for joint, parent in enumerate(skeleton.parents):
        if parent < 0:
            positions[joint], turned[joint] = skeleton.offsets_m[joint], local[joint]
        else:
            positions[joint] = positions[parent] + turned[parent] @ skeleton.offsets_m[joint]
            turned[joint] = turned[parent] @ local[joint]
    return positions


def test_known_pose_of_a_chain():
    """A quarter turn about Z at b lifts c above it; one more at a lays the whole chain over."""
    quarter = np.pi / 2
    rotvec = np.array([[[0, 0, 0], [0, 0, quarter]], [[0, 0, quarter], [0, 0, quarter]]])
    positions = forward_kinematics(chain(), ('a', 'b'), rotvec)
    assert np.allclose(positions[0], [[0, 1, 0], [1, 1, 0], [1, 2, 0]])
    assert np.allclose(positions[1], [[0, 1, 0], [0, 2, 0], [-1, 2, 0]])
    ends = bone_ends(chain(), *joint_frames(chain(), ('a', 'b'), rotvec))
    assert np.allclose(ends[:, 2], [[1, 3, 0], [-2, 2, 0]])


@pytest.mark.parametrize('format_', [BEAT, SHOW], ids=lambda format_: format_.name)
def test_whole_generations_equal_joint_by_joint(format_):
    skeleton = human(format_.name)
    names = format_.joint_names + format_.face_joint_names
    rotvec = np.random.default_rng(0).normal(scale=0.6, size=(3, len(names), 3))
    positions = forward_kinematics(skeleton, names, rotvec)
    assert positions.shape == (3, len(skeleton.names), 3)
    pose = skeleton.full_pose(names, rotvec)
    for frame in range(3):
        assert np.allclose(positions[frame], recursive_positions(skeleton, pose[frame]))
    assert forward_kinematics(skeleton, names, rotvec[:0]).shape == (0, len(skeleton.names), 3)


def test_joints_that_are_left_out_stay_at_rest():
    names = ('LeftArm',)
    pose = BEAT_SKELETON.full_pose(names, np.ones((2, 1, 3)))
    others = np.arange(75) != BEAT_SKELETON.index('LeftArm')
    assert np.array_equal(pose[1, others], BEAT_SKELETON.rest[others])
    assert np.array_equal(pose[1, ~others], [[1, 1, 1]])


def test_names_are_those_of_the_formats():
    assert len(BEAT_SKELETON.names) == 75
    assert len(SHOW_SKELETON.names) == 55
    BEAT_SKELETON.indices(BEAT.joint_names)
    SHOW_SKELETON.indices(SHOW.joint_names + SHOW.face_joint_names)
    with pytest.raises(InputError, match="'vrm': must be one of beat, show"):
        human('vrm')


@pytest.mark.parametrize('name', ['beat', 'show'])
def test_an_adult_of_175_cm_facing_the_viewer(name):
    skeleton, parts = human(name), PARTS[name]
    zero = np.zeros((1, len(skeleton.names), 3))
    positions, turned = joint_frames(skeleton, skeleton.names, zero)
    ends = bone_ends(skeleton, positions, turned)
    left, right = (positions[0, skeleton.index(hand)] for hand in parts['hands'])
    assert ends[0, :, 1].max() == pytest.approx(1.75)
    assert 0 <= ends[0, :, 1].min() < 0.03
    assert left[0] > 0.6
    assert np.allclose(left, right * [-1, 1, 1])
    arm = [positions[0, skeleton.index(parts[p][0])] for p in ('shoulders', 'elbows', 'hands')]
    assert np.ptp([joint[1] for joint in arm]) < 1e-9
    span = 2 * np.abs(ends[0, :, 0]).max()
    assert 1.7 < span < 1.95
    for toe in parts['feet']:
        assert positions[0, skeleton.index(toe), 2] > 0.05
    for thumb, hand in zip(parts['thumbs'], parts['hands'], strict=True):
        assert (positions[0, skeleton.index(thumb)] - positions[0, skeleton.index(hand)])[2] > 0.03


@pytest.mark.parametrize('name', ['beat', 'show'])
def test_the_rest_pose_stands_relaxed_and_even(name):
    skeleton, parts = human(name), PARTS[name]
    positions = forward_kinematics(skeleton, (), np.zeros((1, 0, 3)))[0]
    for side in (0, 1):
        shoulder, elbow, hand, tip = (
            positions[skeleton.index(parts[part][side])]
            for part in ('shoulders', 'elbows', 'hands', 'tips')
        )
        assert shoulder[1] > elbow[1] > hand[1] > tip[1]
        assert hand[2] > elbow[2]
        assert abs(hand[0]) < 0.45
    left, right = (positions[skeleton.index(hand)] for hand in parts['hands'])
    assert np.allclose(left, right * [-1, 1, 1])
    legs = [i for i, n in enumerate(skeleton.names) if n.lower().endswith(('leg', 'foot', 'knee'))]
    assert not np.any(skeleton.rest[legs])


def test_dict_round_trip_through_json():
    for skeleton in (BEAT_SKELETON, SHOW_SKELETON, chain()):
        again = Skeleton.from_dict(json.loads(json.dumps(skeleton.to_dict())))
        assert again.names == skeleton.names
        assert again.parents == skeleton.parents
        for field in ('offsets_m', 'rest', 'ends_m'):
            assert np.array_equal(getattr(again, field), getattr(skeleton, field))


@pytest.mark.parametrize(
    'change, message',
    [
        ({'names': ['a', 'a', 'c']}, 'has a more than once'),
        ({'parents': [-1, 0]}, 'has 2 entries: must be 3'),
        ({'parents': [-1, 2, 0]}, r'parents\[1\] is 2'),
        ({'parents': [-1, -1, 0]}, r'parents\[1\] is -1'),
        ({'parents': [0, 0, 1]}, r'parents\[0\] is 0'),
        ({'offsets_m': [[0, 0, 0]]}, r'offsets_m has shape \(1, 3\): must be \(3, 3\)'),
        ({'rest': [[0, 0, float('nan')]] * 3}, 'rest .* all finite'),
        ({'rest': 'relaxed'}, 'not readable'),
        ({'names': [], 'parents': []}, 'names is empty'),
    ],
)
def test_a_broken_skeleton_is_refused_by_field(change, message):
    with pytest.raises(InputError, match=message):
        Skeleton.from_dict({**chain().to_dict(), **change})


def test_a_missing_field_is_named():
    values = chain().to_dict()
    del values['offsets_m']
    with pytest.raises(InputError, match="no field 'offsets_m'"):
        Skeleton.from_dict(values)


def test_a_motion_of_another_skeleton_is_refused():
    with pytest.raises(InputError, match='has no joint left_elbow, jaw'):
        forward_kinematics(BEAT_SKELETON, ('Neck', 'left_elbow', 'jaw'), np.zeros((1, 3, 3)))
    with pytest.raises(InputError, match=r'must be \(frames, 2, 3\)'):
        forward_kinematics(BEAT_SKELETON, ('Neck', 'Neck1'), np.zeros((1, 3, 3)))


def read_beat_take(folder: Path):
    """Read by a reader not ours, with the frame count and rate that it really has."""
    pybvh = pytest.importorskip('pybvh')
    text = BEAT_TAKE.read_text().replace('Frames: 7669', 'Frames: 957')
    copy = folder / BEAT_TAKE.name
    copy.write_text(text.replace('0.008333', '0.066667'))
    return pybvh.read_bvh_file(copy, world_up='+y')


def check_hands_talk_in_front(skeleton: Skeleton, positions: np.ndarray, parts: dict) -> None:
    """A speaker stands with hands before the body, below the shoulders, each at its side."""
    for side, sign in ((0, 1), (1, -1)):
        shoulder = positions[:, skeleton.index(parts['shoulders'][side])]
        hand = positions[:, skeleton.index(parts['hands'][side])]
        assert np.mean(hand[:, 2] > shoulder[:, 2]) > 0.6
        assert np.mean(hand[:, 1] < shoulder[:, 1]) > 0.9
        assert np.median(hand[:, 0]) * sign > 0


@pytest.mark.skipif(not BEAT_TAKE.exists(), reason='the BEAT recording is not here')
def test_a_real_beat_take_on_our_skeleton(tmp_path):
    """The tree and the order of its joints are ours too, and the motion looks the same."""
    take = read_beat_take(tmp_path)
    assert tuple(take.joint_names) == BEAT_SKELETON.names
    assert set(take.euler_orders) == {'XYZ'}
    rotvec = rotvec_from_euler_xyz(take.joint_angles)
    chosen = BEAT_SKELETON.indices(BEAT.joint_names)
    positions = forward_kinematics(BEAT_SKELETON, BEAT.joint_names, rotvec[:, chosen])
    check_hands_talk_in_front(BEAT_SKELETON, positions, PARTS['beat'])

    # The same motion on the recording's own bones: our bones are of other lengths, the same ways.
    theirs = take.joint_positions() / 100
    theirs -= theirs[:, :1]
    ours = forward_kinematics(BEAT_SKELETON, take.joint_names, rotvec)
    ours -= ours[:, :1]
    for hand in PARTS['beat']['hands']:
        joint = BEAT_SKELETON.index(hand)
        for axis in range(3):
            correlation = np.corrcoef(ours[:, joint, axis], theirs[:, joint, axis])[0, 1]
            assert correlation > 0.97, (hand, 'xyz'[axis], correlation)


@pytest.mark.skipif(
    not (SMPLX_TAKE.exists() and BEAT_TAKE.exists()), reason='the recordings are not here'
)
def test_a_real_smplx_take_moves_like_the_same_take_as_bvh(tmp_path):
    """One performance in both conventions, each on our skeleton for it: the same arms."""
    with np.load(SMPLX_TAKE) as smplx:
        poses = smplx['poses'].reshape(-1, 55, 3)[::2]
    chosen = SHOW_SKELETON.indices(SHOW.joint_names)
    show = forward_kinematics(SHOW_SKELETON, SHOW.joint_names, poses[:, chosen])
    check_hands_talk_in_front(SHOW_SKELETON, show, PARTS['show'])

    take = read_beat_take(tmp_path)
    rotvec = rotvec_from_euler_xyz(take.joint_angles[: len(poses)])
    beat = forward_kinematics(BEAT_SKELETON, take.joint_names, rotvec)
    whole = forward_kinematics(SHOW_SKELETON, SHOW_SKELETON.names, poses)
    for side in (0, 1):
        arms = []
        for skeleton, positions, name in (
            (BEAT_SKELETON, beat, 'beat'),
            (SHOW_SKELETON, whole, 'show'),
        ):
            hand, shoulder = (PARTS[name][part][side] for part in ('hands', 'shoulders'))
            arms.append(positions[:, skeleton.index(hand)] - positions[:, skeleton.index(shoulder)])
        for axis in range(3):
            correlation = np.corrcoef(arms[0][:, axis], arms[1][:, axis])[0, 1]
            assert correlation > 0.75, (side, 'xyz'[axis], correlation)
