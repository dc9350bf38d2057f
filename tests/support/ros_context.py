"""A real ROS context in the tests' own domain, and nodes as processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(scope='session')
def ros() -> Iterator[None]:
    """Initialise rclpy for the session."""
    rclpy = pytest.importorskip('rclpy', reason='the nodes need ROS 2')
    rclpy.init(args=[], signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    yield
    rclpy.try_shutdown()


@pytest.fixture
def world(ros: None) -> Iterator[Any]:
    """Yield nodes in one thread; see `ros_world.World`."""
    from tests.support.ros_world import World

    made = World()
    yield made
    made.close()


@pytest.fixture
def start_node() -> Iterator[Callable[..., subprocess.Popen]]:
    """Yield a function that starts `python -m diffsheg_ros.<module> <arguments>`."""
    started: list[subprocess.Popen] = []

    def start(module: str, *arguments: str) -> subprocess.Popen:
        started.append(
            subprocess.Popen(
                [sys.executable, '-m', f'diffsheg_ros.{module}', *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
