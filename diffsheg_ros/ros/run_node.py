"""A node as a process: started, spun in one thread, and stopped by a signal in order."""

import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import LoggingSeverity
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from diffsheg_model.errors import InputError
from diffsheg_ros.ros.node_logging import log_debug_of, log_through_ros, take_debug
from diffsheg_ros.startup.executables import CANNOT_START
from diffsheg_ros.startup.import_failure import import_failure
from diffsheg_ros.startup.log_folder import ensure_log_folder

#: Python sees a signal when the middleware's wait returns, so it must return now and then.
_WAIT_S = 0.2
#: Ctrl-C, `kill`, and a terminal that is closed, unless nohup said that this means nothing.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM) + (
    () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
)
#: Exit status of what Ctrl-C has cut short.
INTERRUPTED = 130
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
    arguments, debug = take_debug(sys.argv if args is None else args)
    try:
        note = ensure_log_folder()
        if note:
            sys.stderr.write(f'{note}\n')
        _initialise(arguments)
        # The model's own messages (engine, clipped audio) go the same way as the node's.
        log_through_ros(debug)
        node = create()
    except Exception as error:
        sys.stderr.write(f'error: {_one_line(error)}\n')
        rclpy.try_shutdown()
        return CANNOT_START
    if debug:
        log_debug_of(node)
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


def _initialise(arguments: list[str]) -> None:
    """Call rclpy.init; what is wrong with the command line is told by its exception alone."""
    rclpy.logging.set_logger_level('rcl', LoggingSeverity.FATAL)
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    # The command line may have set it.
    if rclpy.logging.get_logger_level('rcl') == LoggingSeverity.FATAL:
        rclpy.logging.set_logger_level('rcl', LoggingSeverity.UNSET)


def _one_line(error: Exception) -> str:
    """Return why a node could not be made, as one line."""
    text = ' '.join(str(error).split())
    if isinstance(error, InputError):
        return text
    if type(error).__name__ == 'UnknownROSArgsError':
        return f'unknown ROS argument {text.strip("[]")}: see --help'
    if text and type(error).__module__.startswith('rclpy'):
        # rcl adds the place in its source to each of its messages.
        return re.sub(r',? at \S+:\d+', '', text.removeprefix('failed to initialize rcl: '))
    return import_failure(error)
