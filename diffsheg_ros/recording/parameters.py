"""Parameters of the nodes that record and replay."""

from dataclasses import dataclass

from diffsheg_ros.parameter_rules import Checked, parameter


@dataclass(frozen=True)
class MonitorParameters(Checked):
    """Parameters of the monitor."""

    record: str = parameter(
        '',
        """Folder for the recording: session.mcap during the run, the motion files at its end.
        Empty: no recording.""",
    )
    bundle: str = parameter(
        '', 'Bundle with the skeleton for the motion files; empty: the default bundle.'
    )
    refresh_hz: float = parameter(
        5.0,
        'Updates of the display, Hz; always once a second if the output is not a terminal.',
        low=0.2,
        high=30.0,
    )


@dataclass(frozen=True)
class ReplayParameters(Checked):
    """Parameters of the replay."""

    file: str = parameter('', 'The recording: .mcap, the folder of a bag, or a motion.npz.')
    topics: str = parameter(
        '',
        """Topics to play, separated by commas: audio, face, joint_states, face_trajectory,
        joint_trajectory; empty: all recorded ones of these.""",
    )
    recorded_namespace: str = parameter(
        '',
        'Namespace of the recorded topics, / for the root; empty: the only recorded one.',
    )
    rate: float = parameter(
        1.0,
        """Speed of the replay; 2 plays twice as fast as recorded. It does not change the speed of
        sound: use topics to leave the sound out.""",
        low=0.1,
        high=100.0,
    )
    loop: bool = parameter(False, 'Play again and again, each time as new utterances.')
    loop_pause_s: float = parameter(3.0, 'Pause between two rounds, seconds.', low=0.0, high=3600.0)
