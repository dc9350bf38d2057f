"""Log lines for the beginning and the end of an utterance's motion. No ROS."""

from diffsheg_model.time_units import NS

#: Characters of an utterance's name that are written.
_LONGEST = 60


class SpeechLog:
    """Follows the utterance that is shown and describes each change."""

    def __init__(self) -> None:
        self._utterance_id = ''
        self._since_ns = 0

    def lines(self, time_ns: int, utterance_id: str, interrupted: bool = False) -> list[str]:
        """Return the lines for what is shown at a moment; mostly none.

        Args:
            time_ns: The moment.
            utterance_id: Of the motion that is shown; empty while idle.
            interrupted: Speech was interrupted since the last change.
        """
        if utterance_id == self._utterance_id:
            return []
        lines = []
        if self._utterance_id:
            how = 'was interrupted' if interrupted else 'has ended'
            seconds = (time_ns - self._since_ns) / NS
            lines.append(f'utterance {_name(self._utterance_id)} {how} after {seconds:.1f} s')
        if utterance_id:
            lines.append(f'speaking: utterance {_name(utterance_id)} has begun')
        self._utterance_id, self._since_ns = utterance_id, time_ns
        return lines


def _name(utterance_id: str) -> str:
    """Return an utterance's name as it is safe to print: it came from outside."""
    text = utterance_id if len(utterance_id) <= _LONGEST else f'{utterance_id[:_LONGEST]}...'
    return ascii(text)
