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
from diffsheg_ros.startup.executables import CANNOT_START, fail
from diffsheg_ros.startup.import_failure import import_failure
from diffsheg_ros.startup.log_folder import ensure_log_folder

#: Seconds that the executor waits at most: Python handles signals only between two waits.
_WAIT_S = 0.2
#: Ctrl-C, `kill`, and a closed terminal, unless nohup has the last one ignored.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM) + (
    () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
)
#: Exit status after Ctrl-C.
INTERRUPTED = 130
#: Seconds within which a second signal counts as a copy of the first.
_IMPATIENT_S = 1.0


class StopSignals:
    """Flag that stop signals set; a second signal much later ends the process at once.

    rclpy's own handlers would shut down the context, and the node could neither report nor finish
    its work.
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._first_s = 0.0
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)

    def ignore(self) -> None:
        """Ignore them from now on, also while the interpreter exits."""
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if not self.stopped.is_set():
            self._first_s = now_s
            self.stopped.set()
        # A terminal and a launcher both forward the same Ctrl-C.
        elif now_s - self._first_s > _IMPATIENT_S:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def end_at_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt, so that `finally` blocks run."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)


def run_node(
    create: Callable[[], Node],
    args: list[str] | None = None,
    finished: Callable[[Node], bool] = lambda node: False,
) -> int:
    """Run a node until it is finished or the process gets a stop signal.

    An exception in a callback is logged and counted in the node's `faults`. The node goes on, since
    other nodes of a robot depend on it. Afterwards the signals are ignored: a second one may still
    arrive while the process ends.

    Args:
        create: creates the node; if it raises an exception, that is reported in one line.
        args: command line; default: that of the process.
        finished: called after every callback; True ends the node.

    Returns:
        The exit status: the node's `exit_status` or 0; 2 if the node could not be created.
    """
    signals = StopSignals()
    arguments, debug = take_debug(sys.argv if args is None else args)
    try:
        note = ensure_log_folder()
        if note:
            sys.stderr.write(f'{note}\n')
        _initialise(arguments)
        # Log records of the model (engine, clipped audio) go to ROS like those of the node.
        log_through_ros(debug)
        node = create()
    except Exception as error:
        fail(_one_line(error))
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
    """Call rclpy.init without log lines of rcl, since its exception says what is wrong."""
    rclpy.logging.set_logger_level('rcl', LoggingSeverity.FATAL)
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    # The command line may have set another level.
    if rclpy.logging.get_logger_level('rcl') == LoggingSeverity.FATAL:
        rclpy.logging.set_logger_level('rcl', LoggingSeverity.UNSET)


def _one_line(error: Exception) -> str:
    """Return the reason why a node could not be created, as one line."""
    text = ' '.join(str(error).split())
    if isinstance(error, InputError):
        return text
    if type(error).__name__ == 'UnknownROSArgsError':
        return f'unknown ROS argument {text.strip("[]")}: see --help'
    if text and type(error).__module__.startswith('rclpy'):
        # rcl adds the place in its source to each of its messages.
        return re.sub(r',? at \S+:\d+', '', text.removeprefix('failed to initialize rcl: '))
    return import_failure(error)
