"""What those that play speech learn from the avatar's diagnostics: how late, and when to hush."""

from collections.abc import Callable
from typing import NamedTuple

from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.topic_values import MAX_DURATION_S, parsed_number, parsed_whole


class AvatarTiming(NamedTuple):
    """What the avatar reports of its time.

    Attributes:
        delay_ns: from hearing a sample to showing its motion.
        interrupts: utterances interrupted since it was configured, by whatever.
    """

    delay_ns: int
    interrupts: int


def report_name(namespace: str) -> str:
    """The name under which the avatar of a namespace reports."""
    return f'{namespace.strip("/")}/avatar: motion'.lstrip('/')


def read_timing(
    values: dict[str, str], refuse: Callable[[InputError], None] = lambda error: None
) -> AvatarTiming | None:
    """Read a report's values.

    Args:
        values: texts by name; `playout_delay_s` is 0 to `MAX_DURATION_S`, `interrupts` a count.
        refuse: called with the reason where a value is there and is no number of its range.

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
    """Finds out whether somebody has interrupted the avatar, other than by what is known here.

    A new utterance that cuts into another interrupts the avatar, and who plays the sound notices
    that by himself. The avatar's count, which comes later, must not silence the new utterance.
    """

    def __init__(self) -> None:
        self._count: int | None = None  # as the avatar said last
        self._cuts = 0  # made here since then
        self._old_cuts = 0  # made before, and not told of yet

    def cut(self) -> None:
        """An utterance was cut off here for a reason that the avatar sees too."""
        self._cuts += 1

    def told(self, count: int) -> bool:
        """Takes the avatar's count; returns whether it has risen by more than what is known."""
        # One that counts anew was started anew.
        times = 0 if self._count is None else max(0, count - self._count)
        self._count = count
        others = times > self._old_cuts + self._cuts
        # The avatar may have told before it heard the new utterance; the next time it has.
        self._old_cuts = max(0, self._cuts - max(0, times - self._old_cuts))
        self._cuts = 0
        return others
