"""Nodes as child processes."""

import pytest

pytest.importorskip('rclpy', reason='nodes need ROS 2')

from diffsheg_ros.ros.child_process import NodeProcess

pytestmark = pytest.mark.ros


def test_a_node_says_what_it_does_until_it_is_stopped(tmp_path):
    speaker = NodeProcess('speaker', {'device': 'null', 'sample_rate': 8000}, tmp_path)
    try:
        assert speaker.said(r'playing on .* at (\d+) Hz', 60.0) == '8000'
        assert speaker.exit_status() is None
    finally:
        assert speaker.stop() == 0
    assert speaker.exit_status() == 0


def test_a_node_that_cannot_start_leaves_its_last_words(tmp_path):
    replay = NodeProcess('replay', {'file': str(tmp_path / 'no such.mcap')}, tmp_path)
    assert replay.said('(never)', 60.0) == '' and replay.exit_status() == 2
    assert 'no such.mcap' in replay.last_words()
    assert replay.stop() == 2
