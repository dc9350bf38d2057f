"""Fixtures for fault tests: avatars, and a busy CPU."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine, create_engine
from tests.support.bundles import make_tiny_bundle

#: Seconds of CPU load, longer than any test needs; ends the load of a test that cannot.
BURN_S = 120


@pytest.fixture(scope='session')
def calm_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Return the tiny bundle with small motion, in which a jump stands out."""
    return make_tiny_bundle(tmp_path_factory.mktemp('bundle') / 'calm', deviation=0.00003)


@pytest.fixture(scope='session')
def calm_engine(calm_bundle: Bundle) -> Iterator[Engine]:
    engine = create_engine('onnxruntime', calm_bundle, threads=1)
    yield engine
    engine.close()


@pytest.fixture
def make_avatar(world: Any, calm_bundle: Bundle) -> Callable[..., Any]:
    """Return a function that makes active avatars in this process; see `fault_world`."""
    from rclpy.lifecycle import TransitionCallbackReturn

    from diffsheg_ros.nodes.avatar import AvatarNode
    from tests.support.fault_world import SETTINGS, WatchedAvatar
    from tests.support.ros_world import overrides

    success = TransitionCallbackReturn.SUCCESS

    def make(namespace: str = '', ears: Any = None, **values: Any) -> WatchedAvatar:
        settings = {'bundle': str(calm_bundle.path)} | SETTINGS | values
        node = AvatarNode(namespace=namespace, parameter_overrides=overrides(**settings))
        avatar = WatchedAvatar(world, namespace, ears)
        avatar.node = world.add(node)
        assert node.trigger_configure() == success and node.trigger_activate() == success
        avatar.until_heard()
        return avatar

    return make


@pytest.fixture
def start_avatar(world: Any, calm_bundle: Bundle, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Yield a function that starts active avatars as processes, which must end in order."""
    from tests.support.fault_world import LIMIT_S, SETTINGS, WatchedAvatar

    started: list[subprocess.Popen] = []

    def start(
        namespace: str = '', ears: Any = None, until_heard: bool = True, **values: Any
    ) -> WatchedAvatar:
        settings = {'bundle': str(calm_bundle.path), 'autostart': True} | SETTINGS | values
        arguments = [word for item in settings.items() for word in ('-p', '{}:={}'.format(*item))]
        if namespace:
            arguments += ['-r', f'__ns:={namespace}']
        avatar = WatchedAvatar(world, namespace, ears)
        avatar.log = tmp_path / f'avatar{len(started)}.log'
        with avatar.log.open('w') as output:
            avatar.process = subprocess.Popen(
                [sys.executable, '-m', 'diffsheg_ros.nodes.avatar', '--ros-args', *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(avatar.process)
        if until_heard:
            avatar.until_heard()
        return avatar

    yield start
    for process in started:
        process.terminate()
    for process in started:
        try:
            assert process.wait(LIMIT_S) in (0, -signal.SIGKILL)
        finally:
            process.kill()


@pytest.fixture
def burn() -> Iterator[Callable[[], None]]:
    """Yield a function that keeps every core busy until the test ends.

    `burn.stop()` ends the load earlier.
    """
    burners: list[subprocess.Popen] = []
    code = f'import time\nend = time.monotonic() + {BURN_S}\nwhile time.monotonic() < end: pass'

    class Burn:
        def __call__(self) -> None:
            # More processes leave a smaller share of a core to others.
            for _ in range(8 * len(os.sched_getaffinity(0))):
                burners.append(subprocess.Popen([sys.executable, '-c', code]))

        def stop(self) -> None:
            while burners:
                burner = burners.pop()
                burner.kill()
                burner.wait()

    made = Burn()
    yield made
    made.stop()
