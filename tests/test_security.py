"""The SROS 2 policy, against the graph of the real nodes: neither more nor less than they use."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.etree import ElementInclude

import numpy as np
import pytest
import soundfile
from fixtures_bundle import speech_like
from test_microphone import card, needs_alsa

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from ros_world import World, overrides

from diffsheg_model.mcap_messages import AVATAR_TOPICS
from diffsheg_model.mcap_recorder import McapRecorder
from diffsheg_ros.audio_adapter_node import AudioAdapterNode
from diffsheg_ros.avatar_node import AvatarNode
from diffsheg_ros.file_player_node import FilePlayerNode
from diffsheg_ros.microphone_node import MicrophoneNode
from diffsheg_ros.monitor_node import MonitorNode
from diffsheg_ros.parameters import NODE_PARAMETERS
from diffsheg_ros.replay_node import ReplayNode
from diffsheg_ros.speaker_node import SpeakerNode
from diffsheg_ros.viewer_node import ViewerNode

pytestmark = pytest.mark.ros

POLICY = Path(__file__).parents[1] / 'config' / 'sros2' / 'policy.xml'
#: What is done with a topic or a service, as a policy calls it.
ACTIONS = ('publish', 'subscribe', 'reply', 'request')


def policy() -> dict[str, dict[str, set[str]]]:
    """What each node may do: names without a leading slash are relative to its namespace."""
    root = ElementTree.parse(POLICY).getroot()
    ElementInclude.include(root, base_url=str(POLICY))
    allowed = {}
    for enclave in root.iter('enclave'):
        (profile,) = enclave.findall('profiles/profile')
        rules = {action: set() for action in ACTIONS}
        for names in [*profile.iter('topics'), *profile.iter('services')]:
            for action in ACTIONS:
                if names.get(action) == 'ALLOW':
                    rules[action] |= {name.text for name in names}
        assert enclave.get('path') == f'/diffsheg/{profile.get("node")}'
        allowed[profile.get('node')] = rules
    return allowed


def used(onlooker: Node, name: str, space: str) -> dict[str, set[str]]:
    """What a running node does, named as in the policy."""
    asked = {
        'publish': onlooker.get_publisher_names_and_types_by_node,
        'subscribe': onlooker.get_subscriber_names_and_types_by_node,
        'reply': onlooker.get_service_names_and_types_by_node,
        'request': onlooker.get_client_names_and_types_by_node,
    }

    def short(topic: str) -> str:
        for long, brief in ((f'{space}/{name}/', '~/'), (f'{space}/', '')):
            if topic.startswith(long):
                return brief + topic.removeprefix(long)
        return topic

    return {
        action: {short(topic) for topic, _ in ask(name, space)} for action, ask in asked.items()
    }


@pytest.fixture
def make(world: World, tiny_bundle, tmp_path):
    """Makes the node of a name that does all that it can do, in the namespace /stage."""
    recording = tmp_path / 'all.mcap'
    sound = tmp_path / 'speech.wav'

    def settings(name: str) -> dict:
        if name == 'file_player':
            soundfile.write(sound, speech_like(0.5), 16000)
            return {'file': str(sound)}
        if name == 'replay':
            recorder = McapRecorder(recording)
            for topic, kind in AVATAR_TOPICS.items():
                recorder.add(f'/{topic}', kind, b'\0\1\0\0', 1)
            recorder.close()
            return {'file': str(recording)}
        return {
            'avatar': {
                'bundle': str(tiny_bundle.path), 'engine': 'onnxruntime', 'engine_threads': 1,
            },
            'monitor': {'record': str(tmp_path / 'out'), 'bundle': str(tiny_bundle.path)},
            'speaker': {'device': 'null'},
            'microphone': {'gate': 'open', 'device': 'microphone'},
            'audio_adapter': {'gate': 'open'},
            'viewer': {'port': 0},
        }[name]  # fmt: skip

    kinds = {
        'audio_adapter': AudioAdapterNode, 'avatar': AvatarNode, 'file_player': FilePlayerNode,
        'microphone': MicrophoneNode, 'monitor': MonitorNode, 'replay': ReplayNode,
        'speaker': SpeakerNode, 'viewer': ViewerNode,
    }  # fmt: skip

    def make(name: str) -> Node:
        given = overrides(use_sim_time=True, **settings(name))
        node = world.add(kinds[name](namespace='/stage', parameter_overrides=given))
        if name == 'avatar':
            assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
            assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        return node

    return make


@pytest.mark.parametrize('name', NODE_PARAMETERS)
def test_dump(world, make, name, request, tmp_path, monkeypatch):
    if name == 'microphone':
        request.getfixturevalue('card')
    if name == 'audio_adapter':
        folder = tmp_path / 'audio_common_msgs'
        folder.mkdir()
        (folder / '__init__.py').touch()
        (folder / 'msg.py').write_text('from diffsheg_ros.msg import AudioChunk as AudioStamped\n')
        monkeypatch.syspath_prepend(tmp_path)
    make(name)
    onlooker = world.add(Node('onlooker'))
    world.run(1.0)
    print(name, used(onlooker, name, '/stage'))
