"""ROS domains that nobody uses."""

import os
import socket

import pytest

from diffsheg_ros.ros import isolation


@pytest.fixture(params=[0, 3])
def a_port(request):
    """Occupies the port of one of domain 42's participants."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(('', 7410 + 250 * 42 + 2 * request.param))
        yield


def test_the_tests_themselves_are_isolated():
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert int(os.environ['ROS_DOMAIN_ID']) in isolation.DOMAINS


def test_a_domain_in_use_is_not_picked(a_port, monkeypatch):
    monkeypatch.setattr(isolation, 'DOMAINS', range(42, 44))
    assert {isolation.free_domain_id() for _ in range(20)} == {43}


def test_no_free_domain_is_said(a_port, monkeypatch):
    monkeypatch.setattr(isolation, 'DOMAINS', range(42, 43))
    with pytest.raises(RuntimeError, match='all ROS domains 42 to 42 are in use'):
        isolation.free_domain_id()


def test_isolate_sets_what_rclpy_reads():
    environment = {'ROS_DOMAIN_ID': '0'}
    domain = isolation.isolate(environment)
    assert environment == {
        'ROS_DOMAIN_ID': str(domain),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    }


@pytest.mark.ros
@pytest.mark.untimed
def test_the_domain_of_a_running_node_is_in_use(monkeypatch):
    rclpy = pytest.importorskip('rclpy')
    context = rclpy.Context()
    domain = isolation.free_domain_id()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node('occupant', context=context)
    try:
        monkeypatch.setattr(isolation, 'DOMAINS', range(domain, domain + 1))
        with pytest.raises(RuntimeError, match='in use'):
            isolation.free_domain_id()
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)
