"""The SROS 2 policy permits what the real nodes use, and no more."""

import xml.etree.ElementTree as ElementTree
from xml.etree import ElementInclude

import pytest

from tests.support.paths import ROOT

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rclpy.node import Node, NodeNameNonExistentError

from diffsheg_ros.startup.node_parameters import NODE_PARAMETERS
from tests.support.every_node import SPACE, card, named, start_any  # noqa: F401

POLICY = ROOT / 'config' / 'sros2' / 'policy.xml'
#: Uses of a topic or a service, by the words of a policy.
ACTIONS = ('publish', 'subscribe', 'reply', 'request')

Rules = dict[str, set[str]]


def policy() -> dict[str, Rules]:
    """Return the permissions of each node; names without a leading slash are relative."""
    root = ElementTree.parse(POLICY).getroot()
    ElementInclude.include(root, base_url=str(POLICY))
    allowed = {}
    for enclave in root.iter('enclave'):
        (profile,) = enclave.findall('profiles/profile')
        rules: Rules = {action: set() for action in ACTIONS}
        for names in [*profile.iter('topics'), *profile.iter('services')]:
            for action in ACTIONS:
                if names.get(action) == 'ALLOW':
                    rules[action] |= {name.text for name in names}
        assert enclave.get('path') == f'/diffsheg/{profile.get("node")}'
        allowed[profile.get('node')] = rules
    return allowed


def used(onlooker: Node, name: str) -> Rules:
    """Return the names that a running node uses, as in the policy; empty before discovery."""
    asked = {
        'publish': onlooker.get_publisher_names_and_types_by_node,
        'subscribe': onlooker.get_subscriber_names_and_types_by_node,
        'reply': onlooker.get_service_names_and_types_by_node,
        'request': onlooker.get_client_names_and_types_by_node,
    }

    def short(topic: str) -> str:
        for long, brief in ((f'{SPACE}/{name}/', '~/'), (f'{SPACE}/', '')):
            if topic.startswith(long):
                return brief + topic.removeprefix(long)
        return topic

    try:
        return {
            action: {short(topic) for topic, _ in ask(name, SPACE)} for action, ask in asked.items()
        }
    except NodeNameNonExistentError:
        return {}


@pytest.mark.ros
@pytest.mark.untimed
@pytest.mark.parametrize('name', named(*NODE_PARAMETERS))
def test_each_node_may_do_what_it_does_and_no_more(world, start_any, name):  # noqa: F811
    wanted = policy()[name]
    if name == 'audio_adapter':
        wanted['subscribe'].remove('audio_in_info')  # only with the messages of ros-drivers
    start_any(name)
    onlooker = world.add(Node('onlooker'))
    try:
        world.until(lambda: used(onlooker, name) == wanted)
    except AssertionError:
        assert used(onlooker, name) == wanted


def test_the_policy_has_every_node():
    assert set(policy()) == set(NODE_PARAMETERS)
