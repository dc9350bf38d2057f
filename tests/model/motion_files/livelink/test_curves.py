"""The curves of Live Link Face against the app's own recordings."""

import csv

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.avatar_rig import JAW_OPEN_RAD
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.livelink.curves import LIVELINK_CURVES, livelink_curves
from tests.model.motion_files.test_facial_json import face_of
from tests.support.motions import moving
from tests.support.recordings import DATA


def bowed(*rotvecs: tuple[float, float, float]) -> Motion:
    """One frame with a neck of two joints and an open mouth."""
    rotations = np.array([rotvecs], np.float32)
    return Motion(60.0, ('Neck', 'Neck1'), rotations, ('jawOpen',), np.full((1, 1), 0.5))


def angle(motion: Motion, name: str) -> float:
    return float(livelink_curves(motion)[0, LIVELINK_CURVES.index(name)])


def test_the_head_turns_in_the_apps_signs():
    """Right, down and to the left shoulder are positive; the neck's joints add up."""
    assert angle(bowed((0, -0.3, 0), (0, -0.2, 0)), 'HeadYaw') == pytest.approx(0.5)
    assert angle(bowed((0.3, 0, 0), (0.2, 0, 0)), 'HeadPitch') == pytest.approx(0.5)
    assert angle(bowed((0, 0, -0.3), (0, 0, -0.2)), 'HeadRoll') == pytest.approx(0.5)
    motion = bowed((0.2, 0.4, -0.3), (0.1, -0.6, 0.2))
    yaw, pitch, roll = (angle(motion, f'Head{name}') for name in ('Yaw', 'Pitch', 'Roll'))
    whole = Rotation.from_rotvec(motion.rotations[0, 0]) * Rotation.from_rotvec(
        motion.rotations[0, 1]
    )
    again = (
        Rotation.from_rotvec([0, -yaw, 0])
        * Rotation.from_rotvec([pitch, 0, 0])
        * Rotation.from_rotvec([0, 0, -roll])
    )
    assert (whole.inv() * again).magnitude() < 1e-6
    assert angle(face_of(jawOpen=1), 'HeadPitch') == 0


def test_eyes_turn_where_they_look():
    left = face_of(eyeLookInLeft=0.5, eyeLookOutRight=0.5)
    assert angle(left, 'LeftEyeYaw') > 0.2 and angle(left, 'RightEyeYaw') > 0.2
    up = face_of(eyeLookUpLeft=1.0, eyeLookUpRight=1.0)
    assert angle(up, 'LeftEyePitch') == angle(up, 'RightEyePitch') == pytest.approx(-0.41)


@pytest.mark.skipif(not (DATA / 'arkit_face').is_dir(), reason='needs the real recordings')
@pytest.mark.parametrize('name', ['Angry', 'Happy', 'Sad'])
def test_eye_angles_are_near_the_apps_own(name):
    path = DATA / 'arkit_face' / f'iphone_{name}.csv'
    with open(path, newline='') as file:
        header, *rows = csv.reader(file)
    table = np.array([[float(cell) for cell in row[2:]] for row in rows])
    weights = table[:, [header.index(n[0].upper() + n[1:]) - 2 for n in ARKIT_WEIGHTS]]
    frames = len(table)
    motion = Motion(60.0, (), np.zeros((frames, 0, 3)), ARKIT_WEIGHTS, weights)
    curves = livelink_curves(motion)
    for part in ('LeftEyeYaw', 'LeftEyePitch', 'LeftEyeRoll', 'RightEyeYaw', 'RightEyePitch'):
        theirs = table[:, header.index(part) - 2]
        off = curves[:, LIVELINK_CURVES.index(part)] - theirs
        assert np.sqrt(np.mean(off**2)) < 0.04, part


def test_a_flame_motion_moves_jaw_and_head():
    motion = moving(SHOW)
    curves = livelink_curves(motion)
    jaw = np.clip(motion.rotations[:, -1, 0] / JAW_OPEN_RAD, 0, 1)
    assert np.allclose(curves[:, LIVELINK_CURVES.index('JawOpen')], jaw)
    assert curves[:, LIVELINK_CURVES.index('HeadYaw')].std() > 0.1
    others = [i for i, n in enumerate(LIVELINK_CURVES) if 'Head' not in n and n != 'JawOpen']
    assert not curves[:, others].any()
