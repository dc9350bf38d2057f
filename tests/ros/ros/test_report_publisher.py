"""A node's reports on /diagnostics."""

import pytest

from diffsheg_model.errors import InputError

pytest.importorskip('rclpy', reason='nodes need ROS 2')

from rclpy.node import Node

from diffsheg_ros.diagnostics.report import ERROR, WARN, Report
from diffsheg_ros.ros.refusals import Refusals
from diffsheg_ros.ros.report_publisher import RefusalReports, ReportPublisher
from tests.support.ros_world import Watcher

pytestmark = pytest.mark.ros


def test_a_report_is_published_under_the_nodes_name_without_control_characters(world):
    node, watcher = world.add(Node('speaker', namespace='stage')), world.add(Watcher())
    reports = ReportPublisher(node, 'sound')
    world.until(lambda: watcher.count_publishers('/diagnostics'))
    world.until(
        lambda: reports.publish(Report(ERROR, 'gone\x07', {'device': 'a\nb'})) or watcher.statuses
    )
    status = watcher.statuses[-1]
    assert (status.name, status.message) == ('stage/speaker: sound', 'gone')
    assert status.level == bytes([ERROR]) and watcher.values() == {'device': 'a b'}


def test_a_listener_reports_while_it_refuses_messages(world):
    node, watcher = world.add(Node('listener')), world.add(Watcher())
    refusals = Refusals(node)
    reports = RefusalReports(node, refusals)
    world.run(1.2)
    assert watcher.statuses == []
    refusals.add('audio', InputError('no time'))
    world.until(lambda: watcher.statuses)
    assert watcher.statuses[-1].level == bytes([WARN])
    assert 'messages were refused (audio: no time)' in watcher.statuses[-1].message
    assert watcher.values() == {
        'last_refusal': 'audio: no time', 'refused_messages': '1', 'faults': '0',
    }  # fmt: skip
    assert reports is not None
