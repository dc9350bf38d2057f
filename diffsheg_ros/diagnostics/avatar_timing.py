"""The avatar's delay and interrupts, from /diagnostics, for nodes that play speech."""

from collections.abc import Callable
from typing import NamedTuple

from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.topic_values import MAX_DURATION_S, parsed_number, parsed_whole


class AvatarTiming(NamedTuple):
    """Timing that the avatar reports.

    Attributes:
        delay_ns: time from hearing a sample to showing its motion.
        interrupts: utterances interrupted since it was configured, for any reason.
    """

    delay_ns: int
    interrupts: int


def report_name(namespace: str) -> str:
    """Return the name of the diagnostic status of the avatar in a namespace."""
    return f'{namespace.strip("/")}/avatar: motion'.lstrip('/')


def read_timing(
    values: dict[str, str], refuse: Callable[[InputError], None] = lambda error: None
) -> AvatarTiming | None:
    """Read the timing from the values of a report.

    Args:
        values: texts by name; `playout_delay_s` is 0 to `MAX_DURATION_S`, `interrupts` a count.
        refuse: called with the reason if a value is no number, or out of its range.

    Returns:
        The timing, or None where the avatar is not configured yet or a value was refused.
    """
    if not ('playout_delay_s' in values and 'interrupts' in values):
        return None
    try:
        delay_s = parsed_number('playout_delay_s', values['playout_delay_s'], 0.0, MAX_DURATION_S)
        interrupts = parsed_whole('interrupts', values['interrupts'])
    except InputError as error:
        refuse(error)
        return None
    return AvatarTiming(round(delay_s * NS), interrupts)


class Interrupts:
    """Detection of interrupts of the avatar that this node does not know yet.

    A new utterance that cuts into another interrupts the avatar. A node that plays the sound sees
    that itself. The avatar's count, which comes later, must not silence the new utterance.
    """

    def __init__(self) -> None:
        self._count: int | None = None  # the avatar's newest count
        self._cuts = 0  # interrupts seen here since that count
        self._old_cuts = 0  # interrupts seen before it that it did not contain yet

    def cut(self) -> None:
        """Count an utterance that was cut off here for a reason that the avatar sees too."""
        self._cuts += 1

    def update(self, count: int) -> bool:
        """Take the avatar's count and return True if it contains interrupts unknown here."""
        # A count that has become smaller means that the avatar was started again.
        times = 0 if self._count is None else max(0, count - self._count)
        self._count = count
        others = times > self._old_cuts + self._cuts
        # The avatar may have reported before it heard the new utterance.
        self._old_cuts = max(0, self._cuts - max(0, times - self._old_cuts))
        self._cuts = 0
        return others
