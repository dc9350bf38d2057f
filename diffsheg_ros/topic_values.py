"""Range checks for the times, numbers and texts that arrive in messages, parameters and reports.

Any program may publish anything on a topic. Values checked here can be computed with, stored and
printed. Times fit into 64 bits with room to spare, numbers are finite and within a range, and texts
hold no control characters. A value out of range raises InputError, which names it.
"""

import re
from collections.abc import Iterable, Sequence

from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS

#: Seconds. The longest duration in a message, and the longest time that a span may lie ahead.
MAX_DURATION_S = 3600.0
#: Seconds. The latest stamp that a ROS time holds.
MAX_STAMP_S = 2**31 - 1
#: Seconds. The latest stamp of sound, so that delays and durations can be added to it.
MAX_SOUND_STAMP_S = MAX_STAMP_S - 86_400
#: Seconds. The longest utterance, by the index of its samples.
MAX_UTTERANCE_S = 366 * 86_400
#: Names in a message, and characters in each.
MAX_NAMES = 2000
MAX_NAME = 200
#: Characters of an utterance's name. It goes along with every pose, so a long one costs CPU.
MAX_UTTERANCE_ID = 1000
#: Values in a diagnostic status, and characters in each and in the message.
MAX_VALUES = 500
MAX_TEXT = 1000

#: Diagnostic levels: OK, WARN, ERROR and STALE.
ERROR_LEVEL, HIGHEST_LEVEL = 2, 3

_WHOLE = re.compile(r'[+-]?[0-9]{1,19}')
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')
_LONGEST_NUMBER = 100
#: ECMA-48: control sequences, strings (titles, links) and other escapes, with 7 or 8 bits.
_ESCAPES = re.compile(
    r'(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?'
    r'|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?'
    r'|\x1b[ -/]*[0-~]?'
)


def stamp_ns(sec: int, nanosec: int) -> int:
    """Return a message's stamp in nanoseconds.

    Args:
        sec: seconds, 0 to `MAX_STAMP_S`.
        nanosec: below a second.

    Raises:
        InputError: the stamp is out of range.
    """
    if not (0 <= sec <= MAX_STAMP_S and 0 <= nanosec < NS):
        raise InputError(
            f'a stamp has sec = {sec} and nanosec = {nanosec}: must be 0 to {MAX_STAMP_S} and '
            f'0 to {NS - 1}'
        )
    return sec * NS + nanosec


def duration_ns(sec: int, nanosec: int) -> int:
    """Return a message's duration in nanoseconds.

    Args:
        sec: seconds.
        nanosec: below a second.

    Raises:
        InputError: the duration is out of range, `MAX_DURATION_S` either way.
    """
    limit_s = round(MAX_DURATION_S)
    if not (-limit_s <= sec <= limit_s and 0 <= nanosec < NS):
        raise InputError(
            f'a duration has sec = {sec} and nanosec = {nanosec}: must be at most {limit_s} s'
        )
    return sec * NS + nanosec


def seconds(name: str, value: float, high: float = MAX_DURATION_S) -> float:
    """Return a duration in seconds that is finite, above 0 and not above `high`.

    Raises:
        InputError: the duration is out of range, or NaN.
    """
    if not 0 < value <= high:
        raise InputError(f'{name} = {value:g} s: must be above 0 and at most {high:g}')
    return float(value)


def number(name: str, value: float, low: float, high: float) -> float:
    """Return a number that is finite and from `low` to `high`.

    Raises:
        InputError: the number is out of range, or NaN.
    """
    if not low <= value <= high:
        raise InputError(f'{name} = {value:g}: must be {low:g} to {high:g}')
    return float(value)


def parsed_number(name: str, text: str, low: float, high: float) -> float:
    """Return the number that a text holds in plain decimal digits.

    Args:
        name: of the value, for the message.
        text: such as '0.25' or '1e-3'; digits are ASCII, without separators.
        low: least value.
        high: greatest value.

    Raises:
        InputError: the text is not such a number, or the number is out of range.
    """
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise InputError(f'{name} = {shortened(text, 40)!r}: must be a number')
    return number(name, float(text), low, high)


def parsed_whole(name: str, text: str, low: int = 0, high: int = 2**63 - 1) -> int:
    """Return the whole number that a text holds in plain decimal digits.

    Raises:
        InputError: the text is not such a number, or the number is out of range.
    """
    if not _WHOLE.fullmatch(text):
        raise InputError(f'{name} = {shortened(text, 40)!r}: must be a whole number')
    value = int(text)
    if not low <= value <= high:
        raise InputError(f'{name} = {value}: must be {low} to {high}')
    return value


def check_names(kind: str, names: Sequence[str]) -> None:
    """Check the names of joints or blendshapes in a message.

    Args:
        kind: of the message, for the error.
        names: at most `MAX_NAMES`, of `MAX_NAME` characters each.

    Raises:
        InputError: there are too many names, or one is too long or repeated.
    """
    if len(names) > MAX_NAMES:
        raise InputError(f'a {kind} message has {len(names)} names: must be at most {MAX_NAMES}')
    if any(len(name) > MAX_NAME for name in names):
        raise InputError(f'a {kind} message has a name of more than {MAX_NAME} characters')
    if len(set(names)) < len(names):
        raise InputError(f'a {kind} message has a name twice: send each once')


def check_utterance_id(utterance_id: str) -> None:
    """Check the length of an utterance's name.

    Raises:
        InputError: it is longer than `MAX_UTTERANCE_ID` characters.
    """
    if len(utterance_id) > MAX_UTTERANCE_ID:
        raise InputError(
            f'an utterance_id has {len(utterance_id)} characters: must be at most '
            f'{MAX_UTTERANCE_ID}'
        )


def check_first_sample(first_sample: int, sample_rate: int) -> None:
    """Check the index of a sample within its utterance.

    Raises:
        InputError: it lies more than `MAX_UTTERANCE_S` after the utterance's beginning.
    """
    if first_sample > MAX_UTTERANCE_S * max(1, sample_rate):
        raise InputError(
            f'first_sample = {first_sample} at {sample_rate} Hz: count the samples of an utterance '
            'from 0'
        )


def level_of(value: bytes | int) -> int:
    """Return a diagnostic level, 0 to 3; an unknown one counts as ERROR."""
    level = value if isinstance(value, int) else int.from_bytes(value[:1], 'big')
    return level if 0 <= level <= HIGHEST_LEVEL else ERROR_LEVEL


def shortened(text: str, most: int = MAX_TEXT) -> str:
    """Return the text, cut to `most` characters with an ellipsis where it is longer."""
    return text if len(text) <= most else text[: most - 1] + '…'


def clean_text(text: str, most: int = MAX_TEXT) -> str:
    """Return a foreign text as one line that can be printed anywhere.

    Escape sequences are removed. Other control characters, line ends, marks that change the
    direction of writing and lone surrogates become spaces. Markup, such as rich's, is left as it
    is: print it as plain text.

    Args:
        text: text from a message, a file or a device.
        most: characters of the result; a longer text is cut.
    """
    # An escape sequence may have any length, so the text is cut before they are removed.
    text = shortened(text, 4 * most)
    if text.isascii() and text.isprintable():
        return shortened(text, most)
    cleaned = ''.join(
        character if character.isprintable() else ' ' for character in _ESCAPES.sub('', text)
    )
    return shortened(cleaned.strip(), most)


def status_values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the values of a diagnostic status by name, printable, at most `MAX_VALUES`."""
    values: dict[str, str] = {}
    for key, value in pairs:
        if len(values) == MAX_VALUES:
            break
        values[clean_text(key, MAX_NAME)] = clean_text(value)
    return values
