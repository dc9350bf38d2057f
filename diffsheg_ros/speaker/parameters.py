"""Parameters of the speaker node."""

from dataclasses import dataclass

from diffsheg_model.audio.sound_file import check_sample_rate
from diffsheg_ros.audio_in.parameters import HearingParameters
from diffsheg_ros.parameter_rules import parameter


@dataclass(frozen=True)
class SpeakerParameters(HearingParameters):
    """Parameters of the speaker."""

    device: str = parameter(
        'auto',
        """The loudspeaker: its name, a part of it, or its number as `python -m sounddevice` lists
        them; auto: the system's choice, or no sound without a loudspeaker; null: no sound.""",
    )
    sample_rate: int = parameter(
        0, "Sample rate of the device, Hz; 0: the device's own choice.", low=0, high=192000
    )
    latency_s: float = parameter(
        0.1,
        """Sound buffered in the device, seconds. A smaller buffer is silent sooner after an
        interrupt; a larger one prevents underruns on a busy computer.""",
        low=0.005,
        high=1.0,
    )
    playout_delay_s: float = parameter(
        -1.0,
        """Delay from the stamp of a sample to hearing it, seconds; negative: the delay of the
        motion, which the avatar reports.""",
        low=-1.0,
        high=60.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sample_rate:
            check_sample_rate(self.sample_rate, 'parameter sample_rate')
