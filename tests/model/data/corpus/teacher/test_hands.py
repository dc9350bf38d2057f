"""Hand shapes as joint rotations."""

import numpy as np

from diffsheg_model.data.corpus.teacher.hands import SHAPES, solve_left_hand
from diffsheg_model.motion.formats import BEAT


def test_every_joint_of_a_hand_has_a_rotation_and_a_fist_bends_most():
    shape = np.array([SHAPES['open'], SHAPES['fist']])
    joints = solve_left_hand(shape, np.array([0.0, 0.3]), np.zeros(2))
    assert {f'Left{name}' for name in joints} == {
        name for name in BEAT.joint_names if name.startswith('LeftHand')
    }
    assert all(vectors.shape == (2, 3) for vectors in joints.values())
    bend = np.abs(joints['HandMiddle2'][:, 2])
    assert bend[1] > 5 * bend[0]
    np.testing.assert_allclose(joints['Hand'][:, 2], [0, -0.3])
