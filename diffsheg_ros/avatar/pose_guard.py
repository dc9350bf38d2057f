"""A pose at every moment, whatever fails in computing it."""

import dataclasses
import logging

import numpy as np

from diffsheg_model.errors import one_line
from diffsheg_ros.timeline.playout import Playout, Shown

_log = logging.getLogger(__name__)
#: Failures in a row after which all that is planned is forgotten.
_PATIENCE = 2


class PoseGuard:
    """Shows what a playout shows, and the last pose where that fails. For one thread.

    One failure costs a pose; after two in a row the playout is reset, so that what is planned from
    then on is shown again.

    Attributes:
        errors: times that the pose could not be computed.
        last_error: the newest failure in one line; empty before the first.
    """

    def __init__(self, playout: Playout) -> None:
        """Begin at the rest pose."""
        self._playout = playout
        self._last = playout.rest()
        self._failures = 0  # in a row
        self.errors = 0
        self.last_error = ''

    def show(self, time_ns: int) -> Shown:
        """Return the pose of now; ask in order of time."""
        try:
            shown = self._playout.show(time_ns)
            parts = (shown.angles, shown.velocities, shown.weights)
            if not all(np.isfinite(part).all() for part in parts):
                raise ArithmeticError('the pose has numbers that are not finite')
        except Exception as error:
            self._fail(error)
            still = np.zeros_like(self._last.velocities)
            return dataclasses.replace(
                self._last, time_ns=time_ns, state='holding', velocities=still
            )
        self._failures = 0
        self._last = shown
        return shown

    def _fail(self, error: Exception) -> None:
        self.errors += 1
        self.last_error = one_line(error)
        self._failures += 1
        if self._failures == 1:
            _log.error('computing the pose failed; the last one is held', exc_info=error)
        if self._failures < _PATIENCE:
            return
        try:
            self._playout.reset(self._last)
        except Exception as failure:
            self.last_error = f'{one_line(error)}; resetting failed: {one_line(failure)}'
