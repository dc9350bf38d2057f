"""What people wrote beside a recording: BEAT's semantic scores, and a TextGrid's words."""

import re
from pathlib import Path

from diffsheg_model.errors import InputError
from diffsheg_model.readers.recording import read_text
from diffsheg_model.reading import reader

Stretch = tuple[float, float, float]
Word = tuple[float, float, str]


@reader('semantic scores of BEAT')
def read_semantic(path: Path) -> tuple[Stretch, ...]:
    """The (start s, end s, score) of BEAT's semantic annotation.

    A line is ``kind of gesture, start, end, duration, score, keywords`` between tabs
    (https://pantomatrix.github.io/BEAT/); scores are 0 or more, and where lines overlap the first
    one counts.

    Raises:
        InputError: unreadable, or a line without a start, an end and a score.
    """
    stretches = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.split('\t')
        try:
            start_s, end_s, score = float(cells[1]), float(cells[2]), float(cells[4])
        except (IndexError, ValueError) as error:
            raise InputError(
                f'{path}: line {number} is no semantic score (kind, start, end, duration, score)'
            ) from error
        if not (0 <= start_s <= end_s < 1e6 and 0 <= score < 1e3):
            raise InputError(f'{path}: line {number} has times or a score that cannot be')
        stretches.append((start_s, end_s, score))
    return tuple(stretches)


_NUMBER = r'(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)'
_TIER = re.compile(r'item\s*\[\d+\]:')
_LONG = re.compile(
    rf'xmin\s*=\s*{_NUMBER}\s*xmax\s*=\s*{_NUMBER}\s*text\s*=\s*"((?:[^"]|"")*)"', re.DOTALL
)


@reader('a TextGrid of Praat')
def read_textgrid(path: Path) -> tuple[Word, ...]:
    """The (start s, end s, word) of the first tier of a TextGrid in Praat's long format.

    Raises:
        InputError: unreadable, or no such file.
    """
    text = read_text(path)
    if 'ooTextFile' not in text[:200]:
        raise InputError(f'{path}: is no TextGrid of Praat')
    tiers = _TIER.split(text)
    if len(tiers) < 2:
        raise InputError(f'{path}: has no tier in the long format; save it as text from Praat')
    words = []
    for start_s, end_s, word in _LONG.findall(tiers[1]):
        if word.strip():
            words.append((float(start_s), float(end_s), word.replace('""', '"').strip()))
    return tuple(words)
