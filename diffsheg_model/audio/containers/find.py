"""The recordings in a file, whatever its container."""

import mmap
from pathlib import Path

from diffsheg_model.audio.containers.chunks import chunk_parts
from diffsheg_model.audio.containers.mp3 import is_mp3, mp3_parts, skip_id3
from diffsheg_model.audio.containers.ogg import ogg_parts
from diffsheg_model.audio.containers.part import Part

_FLAC = (b'fLaC\x00\x00\x00\x22', b'fLaC\x80\x00\x00\x22')
"""The beginning of every FLAC stream: its mark, and a block STREAMINFO of 34 bytes."""

_LEAST_LEFT_OUT = 1024
"""Fewer bytes than this that are not sound are padding or a tag, and not worth a line."""


def find_parts(path: Path) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Return the recordings that a file holds one after the other, and notes.

    Files of wav, RF64, W64, aiff, CAF, AU, FLAC, Ogg and mp3 are looked into. Any other file is
    one part, and so is one that cannot be understood: the decoder then says what is wrong.

    Args:
        path: of a file that is there and is not empty.

    Returns:
        At least one part, in the order of the file; and a line on what is left out, if anything.
    """
    with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size = len(data)
        parts, left_out = _look(data)
    if not parts:
        return (Part(0, size),), ()
    notes = [part.note for part in parts if part.note]
    if len(parts) > 1:
        notes.append(f'holds {len(parts)} recordings one after the other: all are read')
    if left_out >= _LEAST_LEFT_OUT:
        notes.append(f'{left_out} of its {size} bytes are not sound: left out')
    return tuple(parts), tuple(notes)


def _look(data: mmap.mmap) -> tuple[list[Part], int]:
    """Parts, none where the container is not known, and the bytes that are in none of them."""
    start = skip_id3(data, 0)
    mark = data[start : start + 8]
    if mark[:4] == b'OggS':
        return ogg_parts(data)
    if mark in _FLAC:
        return _flac_parts(data, start)
    if is_mp3(data, start):
        return mp3_parts(data)
    return chunk_parts(data)


def _flac_parts(data: mmap.mmap, first: int) -> tuple[list[Part], int]:
    starts = [first]
    while True:
        found = [data.find(mark, starts[-1] + len(mark)) for mark in _FLAC]
        if max(found) < 0:
            break
        starts.append(min(place for place in found if place >= 0))
    if len(starts) == 1:
        return [Part(0, len(data))], 0
    ends = [*starts[1:], len(data)]
    return [Part(start, end) for start, end in zip(starts, ends, strict=True)], 0
