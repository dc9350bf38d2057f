"""The launch file, run by ROS 2's own launch where this environment has it."""

import contextlib
import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import soundfile
import yaml

from tests.support.bundles import speech_like
from tests.support.paths import ROOT

pytest.importorskip('rclpy', reason='launching needs ROS 2')

from tests.support.ros_world import Watcher

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

LAUNCH_FILE = ROOT / 'launch' / 'avatar.launch.py'


def missing() -> str:
    """Return the reason why the launch file cannot run here, or an empty text."""
    for module in ('launch', 'launch_ros'):
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:  # no origin: the folder `launch` of the checkout
            return f'{module} is not installed: it comes with a ROS 2 installation, not from PyPI'
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        prefix = Path(get_package_prefix('diffsheg_ros'))
    except PackageNotFoundError:
        return 'diffsheg_ros is not installed: build it with colcon and source its setup file'
    if not (prefix / 'lib' / 'diffsheg_ros' / 'avatar').exists():
        return f'{prefix} has the messages of diffsheg_ros only: build it with colcon'
    return ''


PROGRAM = """
    import sys
    from launch import LaunchDescription, LaunchService
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    path, *arguments = sys.argv[1:]
    source = PythonLaunchDescriptionSource(path)
    given = [argument.split(':=', 1) for argument in arguments]
    service = LaunchService()
    service.include_launch_description(
        LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)])
    )
    sys.exit(service.run())
"""


needs_launch = pytest.mark.skipif(bool(missing()), reason=missing() or 'it can be run')


@contextlib.contextmanager
def launched(*arguments: str):
    """Runs the launch file until the block ends, then stops it by SIGINT; yields its output."""
    process = subprocess.Popen(
        [sys.executable, '-c', textwrap.dedent(PROGRAM), str(LAUNCH_FILE), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output: list[str] = []
    try:
        yield output
    finally:
        process.send_signal(2)
        output += process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert 'Traceback' not in output[0], output[0]


@needs_launch
def test_it_starts_the_avatar_and_speaks_the_recording_to_it(world, tiny_bundle, tmp_path):
    speech = tmp_path / 'speech.wav'
    soundfile.write(speech, speech_like(2.0), 16000)
    watcher = world.add(Watcher(namespace='stage'))
    with launched(
        f'audio_file:={speech}',
        f'bundle:={tiny_bundle.path}',
        'namespace:=stage',
        'viewer:=false',
    ) as output:
        world.until(lambda: watcher.audio and watcher.audio[-1].end_of_utterance, 60)
        world.until(lambda: watcher.faces[-1].utterance_id)
        world.until(lambda: not watcher.faces[-1].utterance_id)
    assert output[0].count('process has finished cleanly') == 2, output[0]


@needs_launch
def test_it_starts_the_viewer(world, tiny_bundle):
    watcher = world.add(Watcher(namespace='stage'))
    with launched(f'bundle:={tiny_bundle.path}', 'namespace:=stage', 'port:=0'):
        world.until(
            lambda: (
                ('viewer', '/stage') in watcher.get_node_names_and_namespaces() and watcher.faces
            ),
            60,
        )


def launch_module():
    """The launch file as a module."""
    spec = importlib.util.spec_from_file_location('avatar_launch', LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_launch
@pytest.mark.parametrize('namespace, prefix', [('', ''), ('stage', 'stage'), ('/a/b', 'a/b')])
def test_rviz_looks_at_the_frames_of_its_namespace(tmp_path, monkeypatch, namespace, prefix):
    from launch import LaunchContext
    from launch.logging import launch_config
    from launch_ros.actions import Node

    monkeypatch.setattr(launch_config, '_log_dir', str(tmp_path))
    module = launch_module()
    context = LaunchContext()
    for name, (default, _) in module.ARGUMENTS.items():
        context.launch_configurations[name] = default
    context.launch_configurations.update(rviz='true', namespace=namespace)
    started = [action for action in module.nodes(context) if isinstance(action, Node)]
    assert [(node.node_package, node.node_executable) for node in started] == [
        ('diffsheg_ros', 'viewer'),
        ('robot_state_publisher', 'robot_state_publisher'),
        ('rviz2', 'rviz2'),
        ('diffsheg_ros', 'avatar'),
    ]
    manager = yaml.safe_load(module.rviz_config(prefix).read_text())['Visualization Manager']
    (robot,) = [shown for shown in manager['Displays'] if shown['Name'] == 'RobotModel']
    assert robot['TF Prefix'] == prefix
    fixed = manager['Global Options']['Fixed Frame']
    assert fixed == (f'{prefix}/base_link' if prefix else 'base_link')


def has_robot_state_publisher() -> bool:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix('robot_state_publisher')
    except PackageNotFoundError:
        return False
    return True


@needs_launch
@pytest.mark.skipif(
    not has_robot_state_publisher(), reason='robot_state_publisher is not installed'
)
def test_the_figure_moves_by_joint_states(world, tiny_bundle):
    """Its frames come from /tf under the namespace's name; RViz needs a screen and may fail."""
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import String

    tf2_msgs = pytest.importorskip('tf2_msgs.msg')
    watcher = world.add(Watcher(namespace='stage'))
    frames, descriptions = set(), []
    watcher.create_subscription(
        tf2_msgs.TFMessage,
        '/tf',
        lambda message: frames.update(t.child_frame_id for t in message.transforms),
        100,
    )
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    watcher.create_subscription(String, 'robot_description', descriptions.append, latched)
    arguments = (f'bundle:={tiny_bundle.path}', 'namespace:=stage', 'viewer:=false', 'rviz:=true')
    with launched(*arguments):
        world.until(lambda: 'stage/RightHand' in frames and descriptions, 60)
    assert descriptions[0].data.count('<robot ') == 1
