"""A failed import as one line."""

import pytest

from diffsheg_ros.startup.import_failure import import_failure


@pytest.mark.parametrize(
    ('module', 'words'),
    [
        ('diffsheg_ros.msg', 'run colcon build'),
        ('sensor_msgs.msg', 'ROS package sensor_msgs is missing: source the setup file'),
        ('yaml', 'Python package pyyaml is missing'),
        ('numpy', 'requirements/robot.txt'),
    ],
)
def test_a_missing_package_is_named_with_the_remedy(module, words):
    text = import_failure(ModuleNotFoundError('no', name=module))
    assert words in text and '\n' not in text


def test_another_failure_names_its_place():
    try:
        raise ImportError('two\nlines')
    except ImportError as error:
        text = import_failure(error)
    assert text.startswith('ImportError: two lines (') and 'test_import_failure.py, line' in text
    assert import_failure(ValueError()) == 'ValueError'
