"""Transitions of a managed node that fail with a reason."""

import functools
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from diffsheg_model.errors import InputError

Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]


def guarded(method: Transition) -> Transition:
    """Log what a transition raises, which rclpy would swallow, and let the transition fail.

    The node's `failure` says why, and is empty where the transition succeeds; then the node's
    `_report` is called.
    """

    @functools.wraps(method)
    def transition(self: Any, state: LifecycleState) -> TransitionCallbackReturn:
        what = f'cannot {method.__name__.removeprefix("on_")}'
        try:
            result = method(self, state)
        except InputError as error:
            self.failure = f'{what}: {error}'
            result = TransitionCallbackReturn.FAILURE
        except Exception as error:
            self.failure = f'{what}: {type(error).__name__}: {error}'
            result = TransitionCallbackReturn.ERROR
        else:
            self.failure = ''
        if self.failure:
            self.get_logger().error(self.failure)
        self._report()
        return result

    return transition
