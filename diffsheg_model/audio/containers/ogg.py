"""The links of a chained Ogg file, by its pages (RFC 3533)."""

import mmap

from diffsheg_model.audio.containers.part import Part

_HEADER = 27
_BEGINS = 0x02


def ogg_parts(data: mmap.mmap) -> tuple[list[Part], int]:
    """Return the links, whole pages only, and the bytes that are in no page.

    A link begins with the page that begins its first stream. A page that is cut at the end of the
    file is left out: decoders refuse a file that ends in one.
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
    """Return True for a page that lacks its end, so that another one begins within it."""
    if end == len(data) or data[end : end + 4] == b'OggS':
        return False
    return data.find(b'OggS\x00', place + 4, end) >= 0
