"""Motion formats: their numbers of channels, and refused values."""

import dataclasses

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW


def test_channels_are_those_of_the_published_models():
    assert (BEAT.gesture_dim, BEAT.expression_dim, BEAT.channels) == (141, 51, 192)
    assert (SHOW.gesture_dim, SHOW.expression_dim, SHOW.channels) == (129, 103, 232)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'fps': 0.5}, 'fps'),
        ({'window_frames': 1}, 'window_frames'),
        ({'joint_names': ('Neck', 'Neck')}, 'joint_names'),
        ({'face_joint_names': BEAT.joint_names[:1]}, 'joint_names'),
        ({'weight_names': ('jawOpen', 'jawOpen')}, 'weight_names'),
    ],
)
def test_impossible_formats_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(BEAT, **change)
