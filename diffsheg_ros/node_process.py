"""A node as a process: started, spun in one thread, and stopped by a signal in order."""

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from diffsheg_model.errors import InputError
from diffsheg_ros.log_folder import ensure_log_folder

#: Python sees a signal when the middleware's wait returns, so it must return now and then.
_WAIT_S = 0.2
#: Ctrl-C, `kill`, and a terminal that is closed, unless nohup said that this means nothing.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM) + (
    () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
)
#: A second signal within this time means the same as the first.
_IMPATIENT_S = 1.0


class StopSignals:
    """Turns signals to stop into a flag; one that comes much later ends the process at once.

    rclpy's own handlers would shut the context down under the node, which could then neither
    report nor finish what it is doing.
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._first_s = 0.0
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)

    def ignore(self) -> None:
        """Ignores them from now on, also while the interpreter is being taken down."""
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if not self.stopped.is_set():
            self._first_s = now_s
            self.stopped.set()
        # A terminal and a launcher both pass on the same Ctrl-C; that is not impatience.
        elif now_s - self._first_s > _IMPATIENT_S:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def end_at_signals() -> None:
    """Lets every signal to stop raise KeyboardInterrupt: what was begun is put away in order."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)


def run_node(
    create: Callable[[], Node],
    args: list[str] | None = None,
    finished: Callable[[Node], bool] = lambda node: False,
) -> int:
    """Runs a node until it is finished or the process is asked to stop.

    An exception in a callback is logged and does not end the node; whatever arrives on a topic,
    a robot's other nodes count on this one. Afterwards both signals are ignored, because a second
    one may still be on its way to a process that is ending well; see `end_at_signals`.

    Args:
        create: makes the node; an InputError that it raises is reported in one line.
        args: command line; the process's own where left out.
        finished: asked after every callback.

    Returns:
        The exit status: 0, 2 where the node could not be made, or the node's own `exit_status`.
        Its `faults` count the exceptions.
    """
    signals = StopSignals()
    try:
        note = ensure_log_folder()
    except InputError as error:
        sys.stderr.write(f'error: {error}\n')
        return 2
    if note:
        sys.stderr.write(f'{note}\n')
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    # The model's own messages (engine, clipped audio) go the same way as the node's.
    logging.basicConfig(level=logging.INFO, format='%(message)s', handlers=[_RosLogHandler()])
    try:
        node = create()
    except InputError as error:
        sys.stderr.write(f'error: {error}\n')
        rclpy.try_shutdown()
        return 2
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while not signals.stopped.is_set() and not finished(node) and rclpy.ok():
            try:
                executor.spin_once(timeout_sec=_WAIT_S)
            except Exception as error:
                node.faults = getattr(node, 'faults', 0) + 1
                node.get_logger().error(
                    'a callback failed; the node goes on\n'
                    + ''.join(traceback.format_exception(error)),
                    throttle_duration_sec=10.0,
                )
        return getattr(node, 'exit_status', 0)
    finally:
        executor.remove_node(node)
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
        signals.ignore()


class _RosLogHandler(logging.Handler):
    """Hands Python's log records to ROS."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = rclpy.logging.get_logger(record.name)
        text = self.format(record)
        # One call each: rclpy allows no two severities from one line of code.
        if record.levelno >= logging.ERROR:
            logger.error(text)
        elif record.levelno >= logging.WARNING:
            logger.warning(text)
        elif record.levelno >= logging.INFO:
            logger.info(text)
        else:
            logger.debug(text)
