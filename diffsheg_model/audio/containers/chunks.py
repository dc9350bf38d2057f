"""Recordings in a file of chunks (wav, RF64, W64, aiff, CAF) or an AU file, and their true sizes.

A recorder that is killed, or that writes into a pipe, leaves sizes of 0 or the largest number. Some
programs are wrong by the length of a header. The sound then ends at the end of the file, or at the
next recording.
"""

import mmap
import re
import struct
from dataclasses import dataclass

from diffsheg_model.audio.containers.part import Part

_W64 = bytes.fromhex('f3acd3118cd100c04f8edb8a')
_NAMED = re.compile(rb'[\x20-\x7e]{4}')
_OPEN_ENDED = 0x7FFFF000
"""Smallest 32-bit size that means `unknown`: programs write such sizes into pipes."""
_LARGEST_OFFSET = 1 << 62
"""Bytes; no file is larger."""


@dataclass(frozen=True)
class _Layout:
    """Layout of the chunks in a container.

    Attributes:
        first: offset of the first chunk.
        name: length of a chunk's name in bytes.
        size: ``struct`` format of a chunk's size.
        data: name of the chunk that holds the sound.
        counts_itself: True if a size includes the chunk's name and size.
        align: chunks begin at multiples of this number of bytes.
        own_size: offset of the container's size, or None.
        own_left_out: bytes that the container's size does not include.
    """

    first: int
    name: int
    size: str
    data: bytes
    counts_itself: bool = False
    align: int = 1
    own_size: int | None = None
    own_left_out: int = 0

    @property
    def header(self) -> int:
        """Bytes before the content of a chunk."""
        return self.name + struct.calcsize(self.size)

    @property
    def is_short(self) -> bool:
        """True for sizes of 32 bits."""
        return struct.calcsize(self.size) == 4


_RIFF = _Layout(12, 4, '<I', b'data', align=2, own_size=4, own_left_out=8)
_RIFX = _Layout(12, 4, '>I', b'data', align=2, own_size=4, own_left_out=8)
_AIFF = _Layout(12, 4, '>I', b'SSND', align=2, own_size=4, own_left_out=8)
_CAF = _Layout(8, 4, '>q', b'data')
_WAVE64 = _Layout(40, 16, '<Q', b'data' + _W64, True, 8, own_size=16)

_MARKS = (
    (re.compile(rb'(?:RIFF|RF64|BW64)....WAVE', re.DOTALL), _RIFF),
    (re.compile(rb'RIFX....WAVE', re.DOTALL), _RIFX),
    (re.compile(rb'FORM....AIF[FC]', re.DOTALL), _AIFF),
    (re.compile(rb'caff\x00[\x01\x02]\x00\x00desc', re.DOTALL), _CAF),
    (re.compile(rb'riff\x2e\x91\xcf\x11.{16}wave' + re.escape(_W64), re.DOTALL), _WAVE64),
)
_BEGINNINGS = {b'RIFF', b'RF64', b'BW64', b'RIFX', b'FORM', b'caff', b'riff'}
_AU = re.compile(rb'\.snd\x00\x00[\x00-\x0f].', re.DOTALL)


def chunk_parts(data: mmap.mmap) -> tuple[list[Part], int]:
    """Return the recordings and the bytes outside them; no recording for other containers."""
    parts: list[Part] = []
    place = left_out = 0
    while place < len(data):
        found = _next(data, place)
        if found is None:
            left_out += len(data) - place if parts else 0
            break
        start, mark, layout = found
        if not parts and start:
            return [], 0
        left_out += start - place
        part = _part(data, start, mark, layout) if layout else _au_part(data, start)
        if part is None:
            left_out += len(data) - start
            break
        parts.append(part)
        place = part.end
    return parts, left_out


def _next(data: mmap.mmap, place: int) -> tuple[int, 're.Pattern[bytes]', _Layout | None] | None:
    """Return the offset of the next recording, its marker, and its layout (None for AU)."""
    window = data[place : place + 64]
    marks: list[tuple[re.Pattern[bytes], _Layout | None]] = [*_MARKS, (_AU, None)]
    for mark, layout in marks:
        if mark.match(window):
            return place, mark, layout
    if place == 0:
        return None
    hits = [(hit.start(), mark, layout) for mark, layout in _MARKS
            if (hit := mark.search(data, place))]  # fmt: skip
    return min(hits, key=lambda hit: hit[0]) if hits else None


def next_mark(data: mmap.mmap, place: int) -> int | None:
    """Return the offset at or after `place` at which a file of chunks begins, or None."""
    hits = [hit.start() for mark, _ in _MARKS if (hit := mark.search(data, place))]
    return min(hits, default=None)


def _part(data: mmap.mmap, start: int, mark: 're.Pattern[bytes]', layout: _Layout) -> Part | None:
    """Return the recording that begins at `start`; None if it has no chunk of sound."""
    chunk = _chunk_of_sound(data, start, layout)
    if chunk is None:
        return None
    field, sound, stated = chunk
    end, follows = _end_of_chunks(data, start, sound + max(stated, 0), layout)
    if stated == 0 and follows == len(data):
        return Part(start, len(data))  # only other chunks follow: there is no sound
    if stated > 0 and (follows == len(data) or mark.match(data, follows)):
        return Part(start, follows)
    later = mark.search(data, sound)
    limit = later.start() if later else len(data)
    if stated > 0 and end <= limit:
        return Part(start, min(follows, limit))
    there = limit - sound
    if stated <= 0 or (layout.is_short and stated >= _OPEN_ENDED):
        note = 'its header does not say how much sound it has: read to the end'
    else:
        note = f'its header says {stated} bytes of sound, and {there} are there: read to the end'
    return Part(sound, limit, _mended(data[start:sound], field - start, there, layout), note)


def _chunk_of_sound(data: mmap.mmap, start: int, layout: _Layout) -> tuple[int, int, int] | None:
    """Return the offsets of the sound chunk's size and content, and the size that it states."""
    place, long_size = start + layout.first, None
    while place + layout.header <= len(data):
        name = data[place : place + layout.name]
        (size,) = struct.unpack_from(layout.size, data[place : place + layout.header], layout.name)
        if layout.counts_itself:
            size -= layout.header
        if name == layout.data:
            if long_size is not None and size == 0xFFFFFFFF:
                size = long_size
            # A size beyond any offset means `unknown`.
            size = 0 if size > _LARGEST_OFFSET else size
            return place + layout.name, place + layout.header, size
        if name == b'ds64' and size >= 16:
            (long_size,) = struct.unpack_from('<Q', data[place : place + 24], 16)
        if not 0 <= size <= len(data):
            return None
        place = _after(data, place + layout.header + size, start, layout)
    return None


def _after(data: mmap.mmap, end: int, start: int, layout: _Layout) -> int:
    """Return the offset of the chunk that follows one that ends at ``end``."""
    padded = start + -(-(end - start) // layout.align) * layout.align
    if padded == end + 1 and not _NAMED.match(data[padded : padded + 4]):
        # Some programs forget the padding byte after an odd size.
        return end if _NAMED.match(data[end : end + 4]) else padded
    return padded


def _end_of_chunks(data: mmap.mmap, start: int, end: int, layout: _Layout) -> tuple[int, int]:
    """Return the end of the sound, and the end of the complete chunks that follow it."""
    follows = min(_after(data, end, start, layout), len(data)) if end <= len(data) else end
    while follows + layout.header <= len(data):
        head = data[follows : follows + layout.header]
        (size,) = struct.unpack_from(layout.size, head, layout.name)
        size -= layout.header if layout.counts_itself else 0
        after = follows + layout.header + size
        if not _NAMED.match(head) or size < 0 or after > len(data):
            break
        if head[:4] in _BEGINNINGS and any(
            mark.match(data[follows : follows + 64]) for mark, _ in _MARKS
        ):
            break
        follows = min(_after(data, after, start, layout), len(data))
    return end, follows


def _mended(head: bytes, field: int, there: int, layout: _Layout) -> bytes:
    """Return a header with the true sizes of its sound and of the container."""
    mended = bytearray(head)
    whole = len(head) + there - layout.own_left_out
    there += layout.header if layout.counts_itself else 0
    largest = 0xFFFFFFFF if layout.is_short else (1 << 63) - 1
    struct.pack_into(layout.size, mended, field, min(there, largest))
    if layout.own_size is not None:
        struct.pack_into(layout.size, mended, layout.own_size, min(whole, largest))
    if head[:4] in (b'RF64', b'BW64') and whole < largest:
        mended[:4] = b'RIFF'
        mended = mended.replace(b'ds64', b'JUNK', 1)
    return bytes(mended)


def _au_part(data: mmap.mmap, start: int) -> Part | None:
    """Return the recording of an AU header: offset and size of the sound follow its marker."""
    offset, stated = struct.unpack('>II', data[start + 4 : start + 12])
    end = start + offset + stated
    if stated > 0 and end <= len(data):
        return Part(start, end)
    there = len(data) - start - offset
    head = bytearray(data[start : start + offset])
    struct.pack_into('>I', head, 8, 0xFFFFFFFF)
    note = f'its header says {stated} bytes of sound, and {there} are there: read to the end'
    return Part(start + offset, len(data), bytes(head), '' if stated == 0xFFFFFFFF else note)
