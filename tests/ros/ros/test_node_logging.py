"""Logging of a node's process."""

import logging

import pytest

pytest.importorskip('rclpy', reason='these logs go to ROS 2')

import rclpy

from diffsheg_ros.ros.node_logging import _RosLogHandler, take_debug


@pytest.mark.parametrize(
    ('given', 'others', 'debug'),
    [
        ([], [], False),
        (['--ros-args', '--log-level', 'DEBUG', '-p', 'a:=1'], ['--ros-args', '-p', 'a:=1'], True),
        (['--ros-args', '--log-level', 'info'], ['--ros-args', '--log-level', 'info'], False),
        (['--log-level', 'rcl:=debug'], ['--log-level', 'rcl:=debug'], False),
        (['debug'], ['debug'], False),
    ],
)
def test_only_the_level_debug_of_the_whole_process_is_taken(given, others, debug):
    assert take_debug(given) == (others, debug)


def test_records_keep_their_severity(monkeypatch):
    lines = []

    class Logger:
        def __init__(self, name):
            self.name = name

        def __getattr__(self, severity):
            return lambda text: lines.append((self.name, severity, text))

    monkeypatch.setattr(rclpy.logging, 'get_logger', Logger)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        _RosLogHandler().emit(logging.LogRecord('x', level, '', 0, '%s', (level,), None))
    assert [line[1] for line in lines] == ['debug', 'info', 'warning', 'error', 'error']
    assert lines[0] == ('x', 'debug', '10')
