"""Strips of poses."""

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.pictures.pose_strip import plot_pose_strip
from tests.support.motions import moving


def test_a_strip_needs_poses(tmp_path):
    with pytest.raises(InputError, match='no frames'):
        plot_pose_strip(tmp_path / 'a.png', moving()[:0], BEAT_SKELETON)
    with pytest.raises(InputError, match='count is 0'):
        plot_pose_strip(tmp_path / 'a.png', moving(), BEAT_SKELETON, count=0)
