"""Parameters that all nodes which hear speech share."""

from dataclasses import dataclass

from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.parameter_rules import Checked, parameter


@dataclass(frozen=True)
class HearingParameters(Checked):
    """Parameters of hearing; nodes that hear the same speech should have the same values."""

    reorder_s: float = parameter(
        0.1,
        'Longest wait for a missing audio chunk, in seconds of later audio.',
        low=0.0,
        high=1.0,
    )
    max_gap_s: float = parameter(
        5.0, 'Longest gap in the audio that is filled with silence, seconds.', low=1.0, high=60.0
    )
    stall_s: float = parameter(
        1.0,
        'Seconds without a chunk after which an utterance ends; at least reorder_s.',
        low=0.05,
        high=60.0,
    )
    max_queue_s: float = parameter(
        300.0,
        'Longest audio that may wait, seconds; later chunks are dropped.',
        low=1.0,
        high=3600.0,
    )
    audio_reliability: str = parameter(
        'auto',
        """Reliability of the subscription to audio. auto hears every publisher, reliable ones
        without loss. best_effort hears every publisher and loses messages above 0.5 MB; reliable
        hears reliable publishers only.""",
        choices=('auto', 'best_effort', 'reliable'),
    )
    audio_depth: int = parameter(
        1000,
        """Depth of the subscription to audio, chunks. Raise it for a synthesiser that sends much
        faster than real time.""",
        low=1,
        high=10_000,
    )

    def hearing_options(self) -> HearingOptions:
        """Return the limits of time among these parameters.

        Raises:
            InputError: values that do not go together.
        """
        return HearingOptions(self.reorder_s, self.max_gap_s, self.stall_s, self.max_queue_s)
