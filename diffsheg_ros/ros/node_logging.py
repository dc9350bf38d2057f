"""Log lines of a node's process: those of Python go to ROS, debug lines are the package's own."""

import logging
from collections.abc import Sequence

import rclpy
from rclpy.logging import LoggingSeverity
from rclpy.node import Node

PACKAGES = ('diffsheg_model', 'diffsheg_ros')


def take_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Take `--log-level debug` out of a command line.

    rcl would set it for everything in the process: thousands of lines of the middleware's.

    Returns:
        The other arguments, and whether it was there.
    """
    others: list[str] = []
    debug = False
    for argument in arguments:
        if others[-1:] == ['--log-level'] and argument.lower() == 'debug':
            others.pop()
            debug = True
        else:
            others.append(argument)
    return others, debug


def log_through_ros(debug: bool) -> None:
    """Hand Python's log records to ROS; call it after `rclpy.init`.

    Args:
        debug: Debug lines of this package are wanted.
    """
    logging.basicConfig(level=logging.INFO, format='%(message)s', handlers=[_RosLogHandler()])
    for package in PACKAGES:
        if debug:
            rclpy.logging.set_logger_level(package, LoggingSeverity.DEBUG)
        if rclpy.logging.get_logger_effective_level(package) <= LoggingSeverity.DEBUG:
            logging.getLogger(package).setLevel(logging.DEBUG)


def log_debug_of(node: Node) -> None:
    """Let a node's own debug lines through."""
    node.get_logger().set_level(LoggingSeverity.DEBUG)


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
