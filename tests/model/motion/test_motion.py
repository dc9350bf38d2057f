"""Motions as values: slices, joined parts, and the channels of a model."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.motion import Motion, concatenate, from_channels
from tests.support.motions import moving


def test_parts_of_a_motion_make_it_again():
    motion = moving(start_frame=5)
    parts = [motion[:10], motion[10:10], motion[10:]]
    assert [part.start_frame for part in parts] == [5, 15, 15]
    again = concatenate(parts)
    assert (again.start_frame, again.duration_s) == (5, 2.0)
    assert np.array_equal(again.rotations, motion.rotations)
    assert np.array_equal(again.weights, motion.weights)
    with pytest.raises(ValueError, match='starts at frame 15, not 14'):
        concatenate([motion[:9], motion[10:]])
    with pytest.raises(ValueError, match='step 1'):
        motion[::2]


def test_arrays_have_the_shapes_of_the_names():
    with pytest.raises(InputError, match=r'Motion.rotations has shape \(2, 1, 3\)'):
        Motion(15.0, (), np.zeros((2, 1, 3)), ('jawOpen',), np.zeros((2, 1)))
    with pytest.raises(InputError, match=r'Motion.weights has shape \(2, 2\)'):
        Motion(15.0, (), np.zeros((2, 0, 3)), ('jawOpen',), np.zeros((2, 2)))


@pytest.mark.parametrize('format_', [BEAT, SHOW], ids=lambda format_: format_.name)
def test_channels_become_joints_and_weights(format_):
    channels = np.linspace(-2, 2, 3 * format_.channels).reshape(3, format_.channels)
    motion = from_channels(channels, format_, start_frame=7)
    joints = len(format_.joint_names) + len(format_.face_joint_names)
    assert motion.rotations.shape == (3, joints, 3)
    assert np.allclose(motion.rotations.reshape(3, -1), channels[:, : 3 * joints])
    weights = channels[:, 3 * joints :]
    assert np.allclose(motion.weights, np.clip(weights, 0, 1) if format_ is BEAT else weights)
    assert motion.start_frame == 7
