"""The viewer node as a process: its port, its token, its end. No avatar runs."""

import re
import signal
import time
import urllib.request

import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')
pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from tests.support.ros_world import Watcher
from tests.support.viewer_nodes import NodeProcesses

pytestmark = pytest.mark.ros


@pytest.fixture
def nodes():
    made = NodeProcesses('alone')
    yield made
    made.stop()


def test_two_viewers_with_one_port_both_start(nodes):
    _, address = nodes.viewer()
    port = int(address.rstrip('/').rpartition(':')[2])
    _, other = nodes.viewer(port=port, space='second')
    assert int(other.rstrip('/').rpartition(':')[2]) > port
    for url in (address, other):
        assert urllib.request.urlopen(url, timeout=10).status == 200


def test_the_token_is_on_the_terminal_and_not_on_rosout(world, nodes):
    ears = world.add(Watcher(namespace='ears'))
    said = []
    every = QoSProfile(
        depth=1000,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )
    ears.create_subscription(Log, '/rosout', lambda message: said.append(message.msg), every)
    open_to_all = ('-p', 'host:=0.0.0.0', '-p', 'allow_remote:=true')
    process = nodes.start('nodes.viewer', '-p', 'port:=0', *open_to_all, space='open')
    for line in process.stdout:
        found = re.search(r'http://\S+\?token=(\S+)', line)
        if found:
            break
    world.until(lambda: any('with the token' in text for text in said))
    assert not [text for text in said if found.group(1) in text]
    assert urllib.request.urlopen(found.group().replace('0.0.0.0', '127.0.0.1')).status == 200


def test_sigint_ends_the_viewer_without_an_error(nodes):
    process, _ = nodes.viewer()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and 'Traceback' not in output
