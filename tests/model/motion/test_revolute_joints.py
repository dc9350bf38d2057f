"""Names of revolute joints and of the human joints that they make up."""

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT_JOINTS
from diffsheg_model.motion.revolute_joints import human_names, revolute_names


def test_names_come_back():
    names = revolute_names(BEAT_JOINTS)
    assert names[:4] == ['Spine_x', 'Spine_y', 'Spine_z', 'Neck_x']
    assert human_names(names) == BEAT_JOINTS
    assert human_names([]) == ()


@pytest.mark.parametrize(
    'names',
    [['a_x'], ['a_x', 'a_y'], ['a_y', 'a_x', 'a_z'], ['a_x', 'a_y', 'b_z'], ['wheel'] * 3],
)
def test_other_joints_are_refused(names):
    with pytest.raises(InputError, match='<joint>_x, <joint>_y, <joint>_z'):
        human_names(names)
