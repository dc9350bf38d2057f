"""Limits for putting received speech in order, and for the queue in which it waits."""

from dataclasses import dataclass

from diffsheg_model.errors import InputError


@dataclass(frozen=True)
class HearingOptions:
    """Limits of time for received speech; listeners to the same speech should have the same.

    Attributes:
        reorder_s: seconds of later audio for which a missing chunk is waited for.
        max_gap_s: longest gap that is filled with silence, seconds.
        stall_s: an utterance without a chunk for this many seconds is over.
        max_queue_s: most audio that waits, seconds; what comes beyond it is dropped and counted.
    """

    reorder_s: float = 0.1
    max_gap_s: float = 5.0
    stall_s: float = 1.0
    max_queue_s: float = 300.0

    def __post_init__(self) -> None:
        """Raise InputError where one is out of its range."""
        if not 0 <= self.reorder_s <= self.max_gap_s:
            raise InputError(
                f'reorder_s = {self.reorder_s}: must be 0 to max_gap_s = {self.max_gap_s}'
            )
        if not self.stall_s >= self.reorder_s:
            raise InputError(
                f'stall_s = {self.stall_s}: must be at least reorder_s = {self.reorder_s}'
            )
        if not self.max_queue_s > 0:
            raise InputError(f'max_queue_s = {self.max_queue_s}: must be above 0')
