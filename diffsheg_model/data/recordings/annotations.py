"""Annotations of a recording: BEAT's semantic scores, and a TextGrid's words."""

import re
from pathlib import Path

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.track import read_text
from diffsheg_model.untrusted.reading import reader

SemanticScore = tuple[float, float, float]
Word = tuple[float, float, str]


@reader('semantic scores of BEAT')
def read_semantic(path: Path) -> tuple[SemanticScore, ...]:
    """Return the (start s, end s, score) of BEAT's semantic annotation.

    A line is ``kind of gesture, start, end, duration, score, keywords`` between tabs
    (https://pantomatrix.github.io/BEAT/). Scores are 0 or more. Where lines overlap, the first
    one counts.

    Raises:
        InputError: unreadable, or a line without a start, an end and a score.
    """
    scores = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.split('\t')
        try:
            start_s, end_s, score = float(cells[1]), float(cells[2]), float(cells[4])
        except (IndexError, ValueError) as error:
            raise InputError(
                f'{path}: line {number} is not a semantic score (kind, start, end, duration, score)'
            ) from error
        if not (0 <= start_s <= end_s < 1e6 and 0 <= score < 1e3):
            raise InputError(f'{path}: line {number} has impossible times or an impossible score')
        scores.append((start_s, end_s, score))
    return tuple(scores)


_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"|(?<![\w\[])([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w\]])|<exists>'
)
"""The tokens of a TextGrid: quoted texts and free-standing numbers; all else is a comment."""

_COMMENT = re.compile(r'^\s*!.*$', re.MULTILINE)


@reader('a TextGrid of Praat')
def read_textgrid(path: Path) -> tuple[Word, ...]:
    """Return the (start s, end s, word) of a TextGrid's first tier of intervals.

    Praat's long and short text formats are read: they have the same texts and numbers in the same
    order. Encodings are UTF-8, UTF-16 and Latin-1.

    Raises:
        InputError: unreadable, or no such file.
    """
    text = read_text(path)
    if 'ooTextFile' not in text[:200]:
        raise InputError(f'{path}: is not a TextGrid file of Praat')
    tokens = [
        match[1].replace('""', '"') if match[1] is not None else _as_number(match[2])
        for match in _TOKEN.finditer(_COMMENT.sub('', text))
    ]
    begin = next((i for i, token in enumerate(tokens) if token == 'IntervalTier'), None)
    if begin is None:
        raise InputError(f'{path}: has no tier of intervals; save it as text from Praat')
    # "IntervalTier", its name, its beginning and end, and the number of its intervals
    count = tokens[begin + 4] if begin + 4 < len(tokens) else None
    if not isinstance(count, float):
        raise InputError(f'{path}: the first tier is cut or damaged; save it again from Praat')
    words = []
    for place in range(begin + 5, begin + 5 + 3 * int(min(count, len(tokens))), 3):
        match tokens[place : place + 3]:
            case [float(start_s), float(end_s), str(word)]:
                if word.strip():
                    words.append((start_s, end_s, word.strip()))
            case _:
                raise InputError(
                    f'{path}: interval {(place - begin - 5) // 3 + 1} of the first tier is cut or '
                    f'damaged; save it again from Praat'
                )
    return tuple(words)


def _as_number(text: str | None) -> float | None:
    return None if text is None else float(text)
