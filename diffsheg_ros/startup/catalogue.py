"""The executables of this package, with their purpose and topics."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Executable:
    """Description of an executable, for its command line.

    Attributes:
        module: the module with its `main`.
        summary: one sentence for the usage.
        example: arguments of an example.
        topics: topics and services, one line for each kind.
        argument: the parameter that a positional argument sets; empty for none.
    """

    module: str
    summary: str
    example: str
    topics: tuple[str, ...]
    argument: str = ''


EXECUTABLES = {
    'audio_adapter': Executable(
        'diffsheg_ros.nodes.audio_adapter',
        'Turns the messages of a package audio_common_msgs into speech for the avatar.',
        '--ros-args -r audio_in:=/mic/audio -p type:=AudioStamped',
        ('hears: audio_in, audio_in_info', 'publishes: audio, /diagnostics'),
    ),
    'avatar': Executable(
        'diffsheg_ros.nodes.avatar',
        'Moves face and body to the speech on `audio`.',
        '--ros-args -p autostart:=true -p preset:=low_latency',
        (
            'hears: audio, emphasis',
            'publishes: face, joint_states, face_trajectory, joint_trajectory, /diagnostics',
            'service: ~/interrupt',
        ),
    ),
    'file_player': Executable(
        'diffsheg_ros.nodes.file_player',
        'Publishes a recording as speech for the avatar.',
        'speech.wav',
        ('publishes: audio',),
        'file',
    ),
    'microphone': Executable(
        'diffsheg_ros.nodes.microphone',
        'Publishes what is said to a microphone of this machine.',
        '--ros-args -p device:=ReSpeaker',
        ('publishes: audio, /diagnostics',),
    ),
    'monitor': Executable(
        'diffsheg_ros.nodes.monitor',
        'Shows in the terminal what the avatar publishes, and records it.',
        '--ros-args -p record:=out/session',
        ('hears: audio, face, joint_states, face_trajectory, joint_trajectory, /diagnostics',),
    ),
    'replay': Executable(
        'diffsheg_ros.nodes.replay',
        'Publishes a recording of the monitor or of `ros2 bag` again.',
        'out/session/session.mcap',
        ('publishes: audio, face, joint_states, face_trajectory, joint_trajectory',),
        'file',
    ),
    'speaker': Executable(
        'diffsheg_ros.nodes.speaker',
        'Plays the speech on a loudspeaker of this machine, in time with the motion.',
        '--ros-args -p device:=USB',
        ('hears: audio, /diagnostics', 'publishes: /diagnostics'),
    ),
    'viewer': Executable(
        'diffsheg_ros.nodes.viewer',
        'Shows the avatar on a page in the browser, with its sound.',
        '--ros-args -p port:=8090',
        ('hears: audio, face, joint_states, /diagnostics', 'publishes: audio'),
    ),
}
