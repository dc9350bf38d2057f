"""Parameters of every node: default, range and description.

A node's parameters are the fields of one frozen dataclass in its room, so each default has one
place and code reads `parameters.publish_rate_hz`. Only a parameter with `live` in its rule may
change while a node runs. Nothing here imports ROS; `ros/node_parameters.py` declares them.
"""

from diffsheg_ros.avatar.parameters import AvatarParameters
from diffsheg_ros.capture.parameters import (
    AudioAdapterParameters,
    FilePlayerParameters,
    MicrophoneParameters,
)
from diffsheg_ros.parameter_rules import Checked
from diffsheg_ros.recording.parameters import MonitorParameters, ReplayParameters
from diffsheg_ros.speaker.parameters import SpeakerParameters
from diffsheg_ros.viewer.parameters import ViewerParameters

#: By the name of the node.
NODE_PARAMETERS: dict[str, type[Checked]] = {
    'audio_adapter': AudioAdapterParameters,
    'avatar': AvatarParameters,
    'file_player': FilePlayerParameters,
    'microphone': MicrophoneParameters,
    'monitor': MonitorParameters,
    'replay': ReplayParameters,
    'speaker': SpeakerParameters,
    'viewer': ViewerParameters,
}
