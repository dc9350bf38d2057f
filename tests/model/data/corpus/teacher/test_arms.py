"""Inverse kinematics of the arms."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher import arms
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.motion.skeleton import forward_kinematics


def test_left_arm_reaches_where_it_should() -> None:
    """Conventions: a hanging left arm turns by about -75 degrees around z, the elbow around -y."""
    frames = 3
    still = np.zeros(frames)
    hanging = np.tile([0.09, -0.53, 0.05], (frames, 1))
    inwards = np.tile([-1.0, 0.0, 0.0], (frames, 1))
    joints = arms.solve_left_arm(hanging, inwards, still, still + 0.3, BEAT.fps)
    motion = np.zeros((frames, 47, 3))
    for name, vectors in joints.items():
        motion[:, BEAT.joint_names.index(f'Left{name}')] = vectors
        motion[:, BEAT.joint_names.index(f'Right{name}')] = arms.mirrored(vectors)
    assert joints['Arm'][0, 2] < np.deg2rad(-60)
    skeleton = human('beat')
    places = forward_kinematics(skeleton, BEAT.joint_names, motion)[0]
    shoulder, wrist, right = (
        places[skeleton.index(name)] for name in ('LeftArm', 'LeftHand', 'RightHand')
    )
    assert wrist - shoulder == pytest.approx(hanging[0], abs=0.02)
    assert right == pytest.approx(wrist * [-1, 1, 1], abs=1e-6)
