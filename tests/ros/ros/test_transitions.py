"""Transitions that fail with a reason."""

from types import SimpleNamespace

import pytest

from diffsheg_model.errors import InputError

pytest.importorskip('rclpy', reason='transitions need ROS 2')

from rclpy.lifecycle import TransitionCallbackReturn

from diffsheg_ros.ros.transitions import guarded


@pytest.mark.parametrize(
    ('error', 'result', 'failure'),
    [
        (None, TransitionCallbackReturn.SUCCESS, ''),
        (InputError('no bundle'), TransitionCallbackReturn.FAILURE, 'cannot configure: no bundle'),
        (ValueError('x'), TransitionCallbackReturn.ERROR, 'cannot configure: ValueError: x'),
    ],
)
def test_what_a_transition_raises_is_its_failure(error, result, failure):
    logged, reports = [], []
    node = SimpleNamespace(
        failure='of before',
        get_logger=lambda: SimpleNamespace(error=logged.append),
        _report=lambda: reports.append(node.failure),
    )

    @guarded
    def on_configure(self, state):
        if error:
            raise error
        return TransitionCallbackReturn.SUCCESS

    assert on_configure(node, None) == result
    assert node.failure == failure and reports == [failure]
    assert logged == ([failure] if failure else [])
