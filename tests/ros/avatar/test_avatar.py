"""The configured avatar: its timing, and emphasis that is published in batches."""

import dataclasses

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.avatar.avatar import CHUNK_S, LEAST_MARGIN_S, Avatar
from diffsheg_ros.avatar.emphasis_batch import EMPHASIS_PERIOD_S
from diffsheg_ros.avatar.parameters import AvatarParameters

T0 = 1_700_000_000 * NS


@pytest.fixture
def parameters(tiny_bundle) -> AvatarParameters:
    return AvatarParameters(
        bundle=str(tiny_bundle.path), engine='onnxruntime', engine_threads=1, idle=False
    )


def test_the_delay_covers_lag_and_warm_up(parameters):
    for preset, lag_s, least_s in (
        ('quality', 34 / 15, LEAST_MARGIN_S),
        ('low_latency', 2 / 15, CHUNK_S),
    ):
        avatar = Avatar(dataclasses.replace(parameters, preset=preset), print, lambda: T0)
        try:
            assert avatar.playout_delay_s >= round(lag_s + least_s, 3)
            assert avatar.warm_up_s > 0 and not avatar.running
        finally:
            avatar.close()


@pytest.mark.parametrize(
    ('values', 'words'), [({'style': 9}, 'speaker = 9'), ({'stall_s': 0.05}, 'stall_s = 0.05')]
)
def test_values_that_do_not_fit_the_model_are_named(parameters, values, words):
    with pytest.raises(InputError, match=words):
        Avatar(dataclasses.replace(parameters, **values), print, lambda: T0)


def test_a_crowd_of_spans_is_planned_together(tiny_bundle, parameters):
    """Each plan takes as long as a pose may, and one for each span would leave no time for any."""
    now = [10.0]
    motions = []
    parameters = dataclasses.replace(parameters, playout_delay_s=1.0)
    avatar = Avatar(parameters, motions.append, lambda: T0, clock=lambda: now[0])
    try:
        form = tiny_bundle.config.format
        joints = form.joint_names + form.face_joint_names
        still = np.zeros((75, len(joints), 3), np.float32)
        weights = np.zeros((75, len(form.weight_names)), np.float32)
        motion = Motion(form.fps, joints, still, form.weight_names, weights, 0)
        avatar.playout.plan(1, 'u', T0 + NS, MotionWindow(0, 0, motion, 75, False))
        for index in range(200):
            avatar.emphasise(T0 + index * NS // 1000, 0.1, 2.0)
        assert len(motions) == 1, 'the first is told at once'
        now[0] += 2 * EMPHASIS_PERIOD_S
        avatar.tell_emphasised()
        assert len(motions) == 2, 'the others together'
        avatar.tell_emphasised()
        assert len(motions) == 2
    finally:
        avatar.close()
