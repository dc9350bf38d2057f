"""Both packages named audio_common_msgs, built from their definitions, over real DDS.

The definitions are those of github.com/ros-drivers/audio_common (branch ros2) and
github.com/mgonzs13/audio_common (main).
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tests.support.paths import ROOT

RATE = 16000

ROS_DRIVERS = {
    'AudioData': 'uint8[] data',
    'AudioDataStamped': 'std_msgs/Header header\naudio_common_msgs/AudioData audio',
    'AudioInfo': 'uint8 channels\nuint32 sample_rate\nstring sample_format\nuint32 bitrate\n'
    'string coding_format',
}
MGONZS13 = {
    'AudioData': 'float32[] float32_data\nint32[] int32_data\nint16[] int16_data\n'
    'int8[] int8_data\nuint8[] uint8_data',
    'AudioInfo': 'int32 format\nint32 channels\nint32 rate\nint32 chunk',
    'Audio': 'audio_common_msgs/AudioData audio_data\naudio_common_msgs/AudioInfo info',
    'AudioStamped': 'std_msgs/Header header\naudio_common_msgs/Audio audio',
}
MANIFEST = """
<package format="3">
  <name>audio_common_msgs</name> <version>0.0.0</version> <description>test</description>
  <maintainer email="nobody@example.com">nobody</maintainer> <license>none</license>
  <depend>std_msgs</depend>
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export> <build_type>ament_cmake</build_type> </export>
</package>
"""
BUILD = """
cmake_minimum_required(VERSION 3.20)
project(audio_common_msgs)
find_package(ament_cmake REQUIRED)
find_package(std_msgs REQUIRED)
find_package(rosidl_default_generators REQUIRED)
rosidl_generate_interfaces(${PROJECT_NAME} FILES DEPENDENCIES std_msgs)
ament_package()
"""

#: Publishes one kind of message, a quarter of a second of sound each; arguments as JSON.
PUBLISHER = """
    import json, sys, time
    import numpy as np
    import rclpy
    from audio_common_msgs import msg
    from builtin_interfaces.msg import Time

    kind, path, wanted, begun_s = json.loads(sys.argv[1])
    samples = np.load(path)
    rclpy.init()
    node = rclpy.create_node('recorder')
    mouth = node.create_publisher(getattr(msg, kind), 'audio_in', 100)
    about = node.create_publisher(msg.AudioInfo, 'audio_in_info', 1) if wanted else None
    while not mouth.get_subscription_count() or about and not about.get_subscription_count():
        time.sleep(0.02)
    time.sleep(0.5)
    if about:
        about.publish(msg.AudioInfo(**wanted))
        time.sleep(0.5)
    for first in range(0, len(samples), 4000):
        part = samples[first : first + 4000]
        at_ns = round((begun_s + first / 16000) * 1e9)
        stamp = Time(sec=at_ns // 10**9, nanosec=at_ns % 10**9)
        message = mouth.msg_type()
        if kind == 'AudioStamped':
            audio = message.audio
            audio.info.format, audio.info.channels, audio.info.rate = 8, 2, 16000
            audio.audio_data.int16_data = part.reshape(-1).tolist()
        elif kind == 'AudioDataStamped':
            message.audio.data = part.tobytes()
        else:
            message.data = part.tobytes()
        if kind != 'AudioData':
            message.header.stamp = stamp
        mouth.publish(message)
        time.sleep(0.25)  # a message without a stamp gets its time of arrival
    time.sleep(600)
"""


def stereo() -> np.ndarray:
    """(n, 2) int16: 1 s of noise."""
    return np.random.default_rng(3).integers(-8000, 8000, (RATE, 2)).astype('<i2')


def wanted_samples(samples: np.ndarray) -> np.ndarray:
    return samples.mean(axis=1).astype(np.float32) / 32768


@pytest.fixture(scope='module')
def build(tmp_path_factory):
    """Build a package of messages once; return the environment in which it is installed."""
    built = {}

    def build(name: str, definitions: dict[str, str]) -> dict[str, str]:
        if name not in built:
            built[name] = installed(tmp_path_factory.mktemp(name), definitions)
        return built[name]

    return build


def installed(folder: Path, definitions: dict[str, str]) -> dict[str, str]:
    source, prefix = folder / 'audio_common_msgs', folder / 'install'
    (source / 'msg').mkdir(parents=True)
    for name, text in definitions.items():
        (source / 'msg' / f'{name}.msg').write_text(text + '\n')
    (source / 'package.xml').write_text(MANIFEST)
    files = ' '.join(f'msg/{name}.msg' for name in definitions)
    (source / 'CMakeLists.txt').write_text(BUILD.replace('FILES', files))
    for command in (
        ['cmake', '-S', source, '-B', folder / 'build', f'-DCMAKE_INSTALL_PREFIX={prefix}',
         f'-DPython3_EXECUTABLE={sys.executable}', '-DBUILD_TESTING=OFF'],
        ['cmake', '--build', folder / 'build', '--parallel', '2', '--target', 'install'],
    ):  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=500)
        assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    (packages,) = prefix.glob('lib/python*/site-packages')

    def before(name: str, *paths: Path) -> str:
        rest = [os.environ[name]] if os.environ.get(name) else []
        return os.pathsep.join([*map(str, paths), *rest])

    return os.environ | {
        'AMENT_PREFIX_PATH': before('AMENT_PREFIX_PATH', prefix),
        'LD_LIBRARY_PATH': before('LD_LIBRARY_PATH', prefix / 'lib'),
        'PYTHONPATH': before('PYTHONPATH', packages, ROOT),
    }


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def adapter(*parameters: str) -> list[str]:
    given = [part for parameter in parameters for part in ('-p', parameter)]
    return ['-m', 'diffsheg_ros.nodes.audio_adapter', '--ros-args', *given]


RAW = {'channels': 2, 'sample_rate': RATE, 'sample_format': 'S16LE', 'coding_format': 'wave'}


@pytest.mark.slow
@pytest.mark.ros
@pytest.mark.untimed
@pytest.mark.parametrize(
    ('definitions', 'kind', 'info', 'parameters'),
    [
        (MGONZS13, 'AudioStamped', None, ()),
        (ROS_DRIVERS, 'AudioDataStamped', RAW, ()),
        (ROS_DRIVERS, 'AudioDataStamped', RAW | {'coding_format': 'mp3'}, ()),
        (ROS_DRIVERS, 'AudioData', None, (f'sample_rate:={RATE}', 'channels:=2')),
    ],
    ids=['mgonzs13', 'ros-drivers', 'ros-drivers mp3', 'ros-drivers without info'],
)
def test_messages_are_published_as_utterances(
    world, build, tmp_path, definitions, kind, info, parameters
):
    from diffsheg_model.time_units import NS
    from diffsheg_ros.ros import messages
    from tests.support.ros_world import Watcher

    watcher = world.add(Watcher())
    name = 'mgonzs13' if definitions is MGONZS13 else 'ros_drivers'
    environment = build(name, definitions)
    samples = stereo()
    np.save(tmp_path / 'samples.npy', samples)
    begun_s = 1_900_000_000.25
    order = json.dumps([kind, str(tmp_path / 'samples.npy'), info, begun_s])
    node = start(environment, *adapter('gate:=open', f'type:={kind}', *parameters))
    world.until(lambda: watcher.count_publishers('audio') == 2, 60)
    publisher = start(environment, '-c', textwrap.dedent(PUBLISHER), order)
    try:
        if info and info['coding_format'] == 'mp3':
            world.until(
                lambda: watcher.statuses and 'mp3, not raw' in watcher.statuses[-1].message, 60
            )
            world.until(lambda: int(watcher.values()['unread_messages']) >= 4)
            assert not watcher.audio
            return
        world.until(lambda: watcher.audio and watcher.audio[-1].end_of_utterance, 60)
        pieces = [messages.read_audio_chunk(chunk) for chunk in watcher.audio]
        assert len({piece.utterance_id for piece in pieces}) == 1
        assert {piece.sample_rate for piece in pieces} == {RATE}
        heard = np.concatenate([piece.samples for piece in pieces])
        np.testing.assert_array_equal(heard, wanted_samples(samples))
        if kind != 'AudioData':
            for piece in pieces:
                exact_ns = round(begun_s * NS) + piece.first_sample * NS // RATE
                assert abs(piece.start_ns - exact_ns) < NS // 1000
    finally:
        publisher.kill()
        publisher.communicate()
        node.send_signal(signal.SIGINT)
        output, _ = node.communicate(timeout=30)
    assert node.returncode == 0 and 'Traceback' not in output, output


@pytest.mark.slow
@pytest.mark.ros
@pytest.mark.untimed
@pytest.mark.parametrize('kind', ['AudioStamped', 'AudioDataStamped', 'AudioData'])
def test_the_other_package_of_that_name_is_refused_in_one_line(build, kind):
    pytest.importorskip('rclpy', reason='the nodes need ROS 2')
    if kind == 'AudioStamped':
        environment = build('ros_drivers', ROS_DRIVERS)
    else:
        environment = build('mgonzs13', MGONZS13)
    line = refused(environment, kind)
    assert f'{kind} needs audio_common_msgs by' in line and 'is another' in line


@pytest.mark.ros
@pytest.mark.untimed
def test_a_package_that_is_not_installed_is_named_in_one_line():
    pytest.importorskip('rclpy', reason='the nodes need ROS 2')
    if importlib.util.find_spec('audio_common_msgs'):
        pytest.skip('audio_common_msgs is installed here')
    line = refused(os.environ, 'AudioStamped')
    assert 'AudioStamped needs audio_common_msgs by mgonzs13' in line
    assert 'source its setup file' in line


def refused(environment, kind: str) -> str:
    ran = subprocess.run(
        [sys.executable, *adapter('gate:=open', f'type:={kind}')],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert ran.stderr.startswith('error: ') and ran.stderr.count('\n') == 1 and not ran.stdout
    return ran.stderr
