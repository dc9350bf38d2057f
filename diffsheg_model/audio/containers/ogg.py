"""Recordings in a chained Ogg file, found by its pages (RFC 3533)."""

import mmap

from diffsheg_model.audio.containers.part import Part

#: Bytes of a page's header before its segment table.
_HEADER = 27
#: Flag of the first page of a stream.
_BEGINS = 0x02


def ogg_parts(data: mmap.mmap) -> tuple[list[Part], int]:
    """Return the links of the chain, and the number of bytes that belong to no page.

    A link begins with the first page of its first stream. An incomplete page at the end of the
    file is left out, because decoders refuse a file that ends in one.
    """
    parts: list[Part] = []
    place = covered = 0
    begins_before = False
    while (place := data.find(b'OggS', place)) >= 0:
        header = data[place : place + _HEADER]
        if len(header) < _HEADER or header[4] != 0:
            place += 4
            continue
        segments = data[place + _HEADER : place + _HEADER + header[26]]
        end = place + _HEADER + header[26] + sum(segments)
        if len(segments) < header[26] or end > len(data) or _is_cut(data, place, end):
            place += 4
            continue
        begins = bool(header[5] & _BEGINS)
        if not parts or (begins and not begins_before):
            parts.append(Part(place, end))
        else:
            parts[-1] = Part(parts[-1].start, end)
        begins_before = begins
        covered += end - place
        place = end
    left_out = len(data) - covered
    if len(parts) == 1 and not left_out:
        parts = [Part(0, len(data))]
    return parts, left_out


def _is_cut(data: mmap.mmap, place: int, end: int) -> bool:
    """Return True for a page without its end, within which another page begins."""
    if end == len(data) or data[end : end + 4] == b'OggS':
        return False
    return data.find(b'OggS\x00', place + 4, end) >= 0
