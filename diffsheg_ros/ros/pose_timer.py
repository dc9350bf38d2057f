"""The timer that publishes poses, and a watchdog for poses that do not come."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from rclpy.clock import Clock
from rclpy.node import Node
from rclpy.timer import Timer

from diffsheg_model.time_units import NS

#: Seconds without a pose, by the steady clock and by the node's, that count as a fault.
LIMIT_S = 0.5
#: Periods without a pose that count as a fault, if they are longer than `LIMIT_S`.
_LIMIT_PERIODS = 3
#: Seconds between two checks.
_LOOK_S = 0.1
#: Checks in the executor that must find the fault before the timer is created again.
_PATIENCE = 3
#: Seconds between two reports of a fault that lasts.
_REPORT_S = 1.0


class PoseTimer:
    """Timer that publishes poses at a rate, with the cause when none is published.

    A thread checks, since the cause may stop the executor too. The executor also checks, and
    creates the timer again there. A simulation's clock that stands still is no fault.

    Attributes:
        gaps: times that no pose was published for too long.
        gap: why none is published now; empty while poses are published.
        last_gap: cause of the last gap; empty before the first.
        paused: why none is published now, if that is no fault.
    """

    def __init__(
        self, node: Node, *, steady: Clock, why: Callable[[], str], report: Callable[[], None]
    ) -> None:
        """Watch nothing yet.

        Args:
            node: its executor publishes the poses.
            steady: a clock that runs while a simulation's stands still.
            why: returns the failure of publishing since the last pose; empty for none.
            report: publishes diagnostics; called from the watching thread too.
        """
        self._node = node
        self._why = why
        self._report = report
        self._timer: Timer | None = None  # None while nothing is published
        self._publish: Callable[[], None] = lambda: None
        self._period_s = self._limit_s = LIMIT_S
        self._reset()
        self._thread_id: int | None = None  # of the executor
        self._over = threading.Event()
        self._looks = node.create_timer(_LOOK_S, self._look, clock=steady)
        self._thread = threading.Thread(target=self._watch, name='pose-watchdog', daemon=True)
        self._thread.start()

    def start(self, rate_hz: float, publish: Callable[[], None]) -> None:
        """Begin to publish.

        Args:
            rate_hz: calls a second, by the node's clock.
            publish: publishes a pose and calls `published`.
        """
        self._period_s = 1 / rate_hz
        self._limit_s = max(LIMIT_S, _LIMIT_PERIODS * self._period_s)
        self._publish = publish
        self._reset()
        self._timer = self._node.create_timer(self._period_s, publish)

    def stop(self) -> None:
        """Stop publishing."""
        timer, self._timer = self._timer, None
        if timer is not None:
            self._node.destroy_timer(timer)
        self.gap = self.paused = ''

    def close(self) -> None:
        """Stop publishing and watching."""
        self._over.set()
        self.stop()
        self._node.destroy_timer(self._looks)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _reset(self) -> None:
        self.gaps = 0
        self.gap = self.last_gap = self.paused = ''
        self._published_s = self._looked_s = time.monotonic()
        self._clock_ns = self._node.get_clock().now().nanoseconds
        self._ran_ns = 0  # the node's clock since the last pose, without jumps back
        self._found = 0  # successive checks in the executor that found a fault

    def published(self) -> None:
        """Note that a pose was published."""
        self._published_s = time.monotonic()
        self._ran_ns = 0
        self._found = 0
        self.gap = self.paused = ''

    def _look(self) -> None:
        """Note that the executor runs, and create the timer again if it does not fire."""
        now_s = time.monotonic()
        late, self._looked_s = now_s - self._looked_s > self._limit_s, now_s
        self._thread_id = threading.get_ident()
        now_ns = self._node.get_clock().now().nanoseconds
        self._ran_ns += max(0, now_ns - self._clock_ns)
        self._clock_ns = now_ns
        # After a long callback the timer is due and fires without help.
        self._found = self._found + 1 if self._is_overdue(now_s) and not late else 0
        timer = self._timer
        if self._found >= _PATIENCE and timer is not None:
            self._found = 0
            self._node.get_logger().error(
                f'no pose was published for {now_s - self._published_s:.1f} s '
                f'({self.gap or self._cause(now_s)}): the timer is created again',
                throttle_duration_sec=10.0,
            )
            self._node.destroy_timer(timer)
            self._timer = self._node.create_timer(self._period_s, self._publish)

    def _is_overdue(self, now_s: float) -> bool:
        return now_s - self._published_s > self._limit_s and self._ran_ns > self._limit_s * NS

    def _watch(self) -> None:
        reported_s = 0.0
        while not self._over.wait(_LOOK_S):
            now_s = time.monotonic()
            if self._timer is None or now_s - self._published_s <= self._limit_s:
                continue
            blocked = now_s - self._looked_s > self._limit_s
            if not blocked and not self._is_overdue(now_s):
                self.paused = 'the clock stands still (use_sim_time)'
                continue
            self.gaps += not self.gap
            self.gap = self.last_gap = self._cause(now_s)
            if now_s - reported_s >= _REPORT_S:
                reported_s = now_s
                self._report()

    def _cause(self, now_s: float) -> str:
        if now_s - self._looked_s > self._limit_s:
            place = _place(sys._current_frames().get(self._thread_id or 0))
            return f'a callback blocks the executor: {place}' if place else 'nothing spins the node'
        if why := self._why():
            return why
        if self._timer is not None and self._timer.is_canceled():
            return 'the timer was cancelled'
        return 'the timer does not fire'


def _place(frame: FrameType | None) -> str:
    """Return the file, line and function of this package that a thread runs; empty if none."""
    package = Path(__file__).parents[1]
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        # A thread without work waits in the loop of run_node.py.
        if path.is_relative_to(package) and path.name != 'run_node.py':
            return f'{path.name}:{frame.f_lineno} {frame.f_code.co_name}'
        frame = frame.f_back
    return ''
