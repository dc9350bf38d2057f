"""Any node of the package by its name, so made that it does all that it can do."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
from rclpy.lifecycle import TransitionCallbackReturn

from diffsheg_model.motion_files.mcap.definitions import AVATAR_TOPICS
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.nodes.audio_adapter import AudioAdapterNode
from diffsheg_ros.nodes.avatar import AvatarNode
from diffsheg_ros.nodes.file_player import FilePlayerNode
from diffsheg_ros.nodes.monitor import MonitorNode
from diffsheg_ros.nodes.replay import ReplayNode
from diffsheg_ros.nodes.speaker import SpeakerNode
from diffsheg_ros.nodes.viewer import ViewerNode
from tests.ros.nodes.test_microphone import card, needs_alsa
from tests.support.ros_world import World, overrides

__all__ = ['SPACE', 'card', 'named', 'start_any']

#: Their namespace.
SPACE = '/stage'
KINDS = {
    'audio_adapter': AudioAdapterNode, 'avatar': AvatarNode, 'file_player': FilePlayerNode,
    'monitor': MonitorNode, 'replay': ReplayNode, 'speaker': SpeakerNode, 'viewer': ViewerNode,
}  # fmt: skip


def named(*names: str) -> list[Any]:
    """Parameters of a test for nodes of these names."""
    return [pytest.param(name, marks=[needs_alsa] * (name == 'microphone')) for name in names]


@pytest.fixture
def start_any(world: World, request, start_node, tmp_path, monkeypatch):
    """Starts the node of a name; nodes that have a life cycle are active."""

    def settings(name: str) -> dict[str, Any]:
        if name == 'audio_adapter':
            # Neither package of that name need be here: the message is one of ours.
            package = ModuleType('audio_common_msgs.msg')
            package.AudioStamped = AudioChunk
            monkeypatch.setitem(sys.modules, package.__name__, package)
            return {'gate': 'open'}
        if name == 'avatar':
            path = request.getfixturevalue('tiny_bundle').path
            return {'bundle': str(path), 'engine': 'onnxruntime', 'engine_threads': 1}
        if name == 'file_player':
            path = tmp_path / 'silence.wav'
            soundfile.write(path, np.zeros(1600), 16000)
            return {'file': str(path)}
        if name == 'monitor':
            pytest.importorskip('mcap', reason='recordings need the extra mcap')
            return {'record': str(tmp_path / 'out')}
        if name == 'replay':
            pytest.importorskip('mcap', reason='recordings need the extra mcap')
            recorder = McapRecorder(tmp_path / 'all.mcap')
            for topic, kind in AVATAR_TOPICS.items():
                recorder.add(f'/{topic}', kind, b'\0\1\0\0', 1)
            recorder.close()
            return {'file': str(tmp_path / 'all.mcap')}
        return {'device': 'null'} if name == 'speaker' else {'port': 0}

    def start_any(name: str) -> None:
        if name == 'microphone':
            # PortAudio looks for devices once a process, and this one may have looked before.
            request.getfixturevalue('card')
            arguments = ['-p', 'device:=microphone', '-p', 'gate:=open', '-p', 'use_sim_time:=true']
            start_node('nodes.microphone', '--ros-args', '-r', f'__ns:={SPACE}', *arguments)
            return
        given = overrides(use_sim_time=True, **settings(name))
        node = world.add(KINDS[name](namespace=SPACE, parameter_overrides=given))
        if name == 'avatar':
            assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
            assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS

    return start_any
