"""The launch file, run by ROS 2's own launch where this environment has it."""

import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import soundfile
from fixtures_bundle import speech_like

pytest.importorskip('rclpy', reason='launching needs ROS 2')

from ros_world import Watcher

pytestmark = pytest.mark.ros

LAUNCH_FILE = Path(__file__).parents[1] / 'launch' / 'avatar.launch.py'


def missing() -> str:
    """Why the launch file cannot be run here; empty where it can."""
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


@pytest.mark.skipif(bool(missing()), reason=missing() or 'it can be run')
def test_it_starts_the_avatar_and_speaks_the_recording_to_it(world, tiny_bundle, tmp_path):
    speech = tmp_path / 'speech.wav'
    soundfile.write(speech, speech_like(2.0), 16000)
    watcher = world.add(Watcher(namespace='stage'))
    process = subprocess.Popen(
        [
            sys.executable,
            '-c',
            textwrap.dedent(PROGRAM),
            str(LAUNCH_FILE),
            f'audio_file:={speech}',
            f'bundle:={tiny_bundle.path}',
            'namespace:=stage',
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        world.until(lambda: watcher.audio and watcher.audio[-1].end_of_utterance, 60)
        world.until(lambda: watcher.faces[-1].utterance_id)
        world.until(lambda: not watcher.faces[-1].utterance_id)
    finally:
        process.send_signal(2)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert output.count('process has finished cleanly') == 2, output
    assert 'Traceback' not in output, output
