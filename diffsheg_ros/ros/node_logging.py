"""Logging of a node: Python's records go to ROS, and only this package logs debug lines."""

import logging
from collections.abc import Sequence

import rclpy
from rclpy.logging import LoggingSeverity
from rclpy.node import Node

PACKAGES = ('diffsheg_model', 'diffsheg_ros')


def take_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Remove `--log-level debug` from a command line.

    rcl would set it for the whole process, and the middleware would log thousands of lines.

    Returns:
        The other arguments, and True if it was there.
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
    """Pass Python's log records to ROS; call this after `rclpy.init`.

    Args:
        debug: True to log debug lines of this package.
    """
    logging.basicConfig(level=logging.INFO, format='%(message)s', handlers=[_RosLogHandler()])
    for package in PACKAGES:
        if debug:
            rclpy.logging.set_logger_level(package, LoggingSeverity.DEBUG)
        if rclpy.logging.get_logger_effective_level(package) <= LoggingSeverity.DEBUG:
            logging.getLogger(package).setLevel(logging.DEBUG)


def log_debug_of(node: Node) -> None:
    """Enable the debug lines of a node."""
    node.get_logger().set_level(LoggingSeverity.DEBUG)


class _RosLogHandler(logging.Handler):
    """Handler that passes Python's log records to ROS."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = rclpy.logging.get_logger(record.name)
        text = self.format(record)
        # rclpy does not allow two severities from one line of code.
        if record.levelno >= logging.ERROR:
            logger.error(text)
        elif record.levelno >= logging.WARNING:
            logger.warning(text)
        elif record.levelno >= logging.INFO:
            logger.info(text)
        else:
            logger.debug(text)
