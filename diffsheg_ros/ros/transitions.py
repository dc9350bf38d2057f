"""Lifecycle transitions that fail with a reason."""

import functools
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from diffsheg_model.errors import InputError

Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]


def guarded(method: Transition) -> Transition:
    """Return a transition that logs its exception, which rclpy would hide, and then fails.

    It sets the node's `failure` to the reason, or to an empty text, and calls the node's `_report`.
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
