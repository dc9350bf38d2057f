"""Parts of a motion that move the avatar: SHOW's joints on its bones, jaw and head."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.motion.avatar_rig import (
    AVATAR_JOINTS_OF_SHOW,
    JAW_OPEN_RAD,
    avatar_motion,
    head_turn,
)
from diffsheg_model.motion.formats import SHOW
from diffsheg_model.motion.motion import Motion
from tests.support.motions import moving


def test_a_motion_of_beat_stays_as_it_is():
    motion = moving()
    assert avatar_motion(motion) is motion


def test_a_motion_of_show_gets_the_bones_and_the_jaw():
    motion = moving(SHOW)
    moved = avatar_motion(motion)
    assert moved.weight_names == ('jawOpen',)
    jaw = motion.rotations[:, motion.joint_names.index('jaw'), 0]
    assert np.allclose(moved.weights[:, 0], np.clip(jaw / JAW_OPEN_RAD, 0, 1))
    for show, bone in AVATAR_JOINTS_OF_SHOW.items():
        if show in motion.joint_names:
            ours = moved.rotations[:, moved.joint_names.index(bone)]
            assert np.array_equal(ours, motion.rotations[:, motion.joint_names.index(show)])


def test_unknown_joints_are_refused():
    motion = Motion(15.0, ('wheel',), np.zeros((1, 1, 3)), (), np.zeros((1, 0)))
    with pytest.raises(InputError, match='wheel'):
        avatar_motion(motion)


def test_the_head_turns_by_neck_and_head_together():
    motion = moving()
    names = ('Neck', 'Neck1')
    neck, upper = (motion.rotations[:, motion.joint_names.index(name)] for name in names)
    expected = Rotation.from_rotvec(neck) * Rotation.from_rotvec(upper)
    turned = head_turn(motion)
    assert turned is not None
    assert np.allclose(turned.as_matrix(), expected.as_matrix(), atol=1e-6)
    assert head_turn(Motion(15.0, (), np.zeros((1, 0, 3)), (), np.zeros((1, 0)))) is None
