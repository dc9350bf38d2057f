"""Search for the recordings in a file of any container."""

import mmap
import re
from pathlib import Path

from diffsheg_model.audio.containers.chunks import chunk_parts, next_mark
from diffsheg_model.audio.containers.mp3 import is_mp3, mp3_parts, skip_id3
from diffsheg_model.audio.containers.ogg import ogg_parts
from diffsheg_model.audio.containers.part import Part

_FLAC = re.compile(rb'fLaC[\x00\x80]\x00\x00\x22')
"""Beginning of every FLAC stream: its marker, and a STREAMINFO block of 34 bytes."""

_LEAST_LEFT_OUT = 1024
"""Bytes that are not sound from which a note is made; fewer are padding or a tag."""


def find_parts(path: Path) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Return the recordings that a file holds one after the other, and notes.

    Files of wav, RF64, W64, aiff, CAF, AU, FLAC, Ogg and mp3 are searched. Any other file is one
    part, and so is one with an unknown structure; the decoder then reports the fault.

    Args:
        path: path of an existing file that is not empty.

    Returns:
        At least one part, in the order of the file; and a line about each peculiarity, if any.
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
        notes.append(f'{left_out} of its {size} bytes are not sound of its kind: left out')
    return tuple(parts), tuple(notes)


def _look(data: mmap.mmap) -> tuple[list[Part], int]:
    """Return the parts and the bytes outside them; no part for an unknown container."""
    start = skip_id3(data, 0)
    mark = data[start : start + 8]
    if mark[:4] == b'OggS':
        return ogg_parts(data)
    if _FLAC.match(mark):
        return _flac_parts(data, start)
    if is_mp3(data, start):
        return mp3_parts(data)
    return chunk_parts(data)


def _flac_parts(data: mmap.mmap, first: int) -> tuple[list[Part], int]:
    starts = [hit.start() for hit in _FLAC.finditer(data, first)]
    # A stream does not tell its end: search for the marker of another kind of file after it.
    other = [at for at in (next_mark(data, starts[-1]), _next_ogg(data, starts[-1])) if at]
    end = min([len(data), *other])
    if len(starts) == 1 and not other:
        return [Part(0, len(data))], 0
    ends = [*starts[1:], end]
    parts = [Part(start, end) for start, end in zip(starts, ends, strict=True)]
    return parts, len(data) - end


def _next_ogg(data: mmap.mmap, place: int) -> int | None:
    found = data.find(b'OggS\x00\x02', place)
    return found if found >= 0 else None
