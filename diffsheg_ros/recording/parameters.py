"""Parameters of the nodes that record and replay."""

from dataclasses import dataclass

from diffsheg_ros.parameter_rules import Checked, parameter


@dataclass(frozen=True)
class MonitorParameters(Checked):
    """Parameters of the monitor."""

    record: str = parameter(
        '',
        """Folder to record into: session.mcap as it is heard, and the motion's files at the end;
        empty: nothing is recorded.""",
    )
    bundle: str = parameter(
        '', 'Bundle whose skeleton the recording is written with; empty: the default.'
    )
    refresh_hz: float = parameter(
        5.0,
        'How often the display changes, Hz; once a second where it is no terminal.',
        low=0.2,
        high=30.0,
    )


@dataclass(frozen=True)
class ReplayParameters(Checked):
    """Parameters of the replay."""

    file: str = parameter('', 'The recording: .mcap, the folder of a bag, or a motion.npz.')
    topics: str = parameter(
        '',
        """Topics to play, with commas between: audio, face, joint_states, face_trajectory,
        joint_trajectory; empty: all of these that were recorded.""",
    )
    recorded_namespace: str = parameter(
        '', 'Namespace of the recorded topics, / for none; empty: the only one that there is.'
    )
    rate: float = parameter(
        1.0,
        """The motion is played this many times as fast as it was recorded. Sound is not stretched:
        leave it out by topics.""",
        low=0.1,
        high=100.0,
    )
    loop: bool = parameter(False, 'Play again and again, each time as new utterances.')
    loop_pause_s: float = parameter(3.0, 'Pause between two rounds, seconds.', low=0.0, high=3600.0)
