"""Recordings in an MPEG audio file, found by its frames.

Programs join mp3 files by appending one to the other. A decoder stops after the number of frames
that the first header states.
"""

import mmap
from array import array
from dataclasses import dataclass, field

from diffsheg_model.audio.containers.part import Part

_BITRATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by MPEG version (2 and 2.5 alike) and layer."""

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Hz by the header's version bits."""

_RESYNC_BYTES = 1000
"""Bytes without a frame after which a recording ends: about there decoders give up."""

_COUNT_SLACK = 2
"""Frames by which a stated count may be off: some headers omit their own frame and the last."""


@dataclass(frozen=True)
class _Frame:
    """A frame's header: length in bytes, Hz, True for one channel, and offset of its data."""

    length: int
    rate: int
    mono: bool
    data: int

    @property
    def kind(self) -> tuple[int, bool]:
        return self.rate, self.mono


@dataclass
class _Run:
    """Successive frames: their kind, the number stated in a header, offsets and lengths."""

    kind: tuple[int, bool]
    stated: int | None
    offsets: 'array[int]' = field(default_factory=lambda: array('q'))
    end: int = 0
    lengths: set[int] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """True if there are more frames than stated."""
        return bool(self.stated) and len(self.offsets) > (self.stated or 0) + _COUNT_SLACK

    def needs_count(self, size: int) -> bool:
        """Return True if the number of frames does not follow from file size and first frame."""
        around = size - (self.end - self.offsets[0])
        varies = max(self.lengths) - min(self.lengths) > 1
        return not self.stated and (varies or around > max(self.lengths))


def skip_id3(data: mmap.mmap, place: int) -> int:
    """Return the offset after an ID3v2 tag at `place`; `place` itself if there is no tag."""
    head = data[place : place + 10]
    if len(head) < 10 or head[:3] != b'ID3' or any(byte & 0x80 for byte in head[6:]):
        return place
    length = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    return place + 10 + length + (10 if head[5] & 0x10 else 0)


def is_mp3(data: mmap.mmap, place: int) -> bool:
    """Return True if frames of MPEG audio begin at `place`."""
    frame = _frame(data, place)
    if frame is None:
        return False
    after = place + frame.length
    return after >= len(data) or _frame(data, after) is not None or _tag(data, after) > after


def mp3_parts(data: mmap.mmap) -> tuple[list[Part], int]:
    """Return the recordings, and the number of bytes that are neither frames nor tags.

    A recording ends at the header of another one (Xing, Info, VBRI) and after the stated number of
    frames. It also ends where rate or channels change, and at a long gap without frames.
    """
    runs, left_out = _runs(data)
    if len(runs) == 1 and not runs[0].is_over and not runs[0].needs_count(len(data)):
        return [Part(0, len(data))], left_out
    parts = []
    for run in runs:
        offsets, count = run.offsets, run.stated
        if run.is_over and count:
            parts.append(Part(offsets[0], offsets[count]))
            head = _counting_frame(data, offsets[count], len(offsets) - count)
            parts.append(Part(offsets[count], run.end, head))
        else:
            head = b'' if count else _counting_frame(data, offsets[0], len(offsets))
            parts.append(Part(offsets[0], run.end, head))
    return parts, left_out


def _counting_frame(data: mmap.mmap, place: int, count: int) -> bytes:
    """Return a Xing frame, to precede the one at `place`, that tells decoders the frame count.

    Without it decoders guess the count from the length of the first frame, and stop there. Empty
    for layers 1 and 2, which have no such frame.
    """
    head = bytearray(data[place : place + 4])
    if head[1] >> 1 & 3 != 1:
        return b''
    head[1] |= 0x01  # no checksum
    head[2] = head[2] & 0x0D | 0x90  # a bitrate with room for the tag, no padding
    frame = _frame(bytes(head), 0)
    assert frame is not None
    tag = b'Xing' + (1).to_bytes(4, 'big') + count.to_bytes(4, 'big')
    return (bytes(head).ljust(frame.data, b'\0') + tag).ljust(frame.length, b'\0')


def _runs(data: mmap.mmap) -> tuple[list[_Run], int]:
    runs: list[_Run] = []
    size, place, junk, left_out = len(data), 0, 0, 0
    tagged = False
    while place < size:
        frame = _frame(data, place)
        run = runs[-1] if runs else None
        known = frame is not None and run is not None and frame.kind == run.kind and not junk
        if frame is not None and (known or _is_followed(data, place, frame)):
            stated = _stated_frames(data, place, frame)
            if run is None or _is_another(run, frame, stated, tagged, junk):
                # The header is in a frame of its own, which it does not count.
                run = _Run(frame.kind, stated + 1 if stated else None)
                runs.append(run)
            run.offsets.append(place)
            run.lengths.add(frame.length)
            place += frame.length
            run.end = min(place, size)
            junk, tagged = 0, False
            continue
        if (after := _tag(data, place)) > place:
            place, tagged = after, True
            continue
        if run is not None and not junk and not tagged and run.end == place:
            # The last frame was cut: the next recording or tag begins within it.
            begin = _next_frame(data, run.offsets[-1], place)
            if begin < place:
                run.end = place = begin
                continue
        found = data.find(b'\xff', place + 1)
        after = found if found >= 0 else size
        tags = [at for tag in (b'ID3', b'TAG') if (at := data.find(tag, place + 1, after)) >= 0]
        after = min([after, *tags])
        junk += after - place
        left_out += after - place
        place = after
    return runs, left_out


def _next_frame(data: mmap.mmap, cut: int, end: int) -> int:
    """Return the offset of a frame or tag within the frame at ``cut``; ``end`` if there is none."""
    place = cut + 4
    while (place := data.find(b'\xff', place, end)) >= 0:
        frame = _frame(data, place)
        if frame is not None and _is_followed(data, place, frame):
            return place
        place += 1
    tag = data.find(b'ID3', cut + 4, end)
    return tag if tag >= 0 and skip_id3(data, tag) >= end else end


def _is_another(run: _Run, frame: _Frame, stated: int | None, tagged: bool, junk: int) -> bool:
    """Return True if a frame begins another recording than the run before it."""
    if stated is not None or frame.kind != run.kind or junk > _RESYNC_BYTES:
        return True
    return tagged and run.stated is not None and len(run.offsets) >= run.stated - _COUNT_SLACK


def _frame(data: mmap.mmap | bytes, place: int) -> _Frame | None:
    """Return the frame header at `place`; None if there is no valid one."""
    head = data[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    family = 1 if version == 3 else 2
    rate_hz = _RATES[version][rate]
    bits = 1000 * _BITRATES[family, layer][bitrate - 1]
    padding = head[2] >> 1 & 1
    if layer == 1:
        length = (12 * bits // rate_hz + padding) * 4
    else:
        length = (72 if layer == 3 and family == 2 else 144) * bits // rate_hz + padding
    mono = head[3] >> 6 == 3
    side = (17 if mono else 32) if family == 1 else (9 if mono else 17)
    return _Frame(length, rate_hz, mono, place + 4 + side)


def _is_followed(data: mmap.mmap, place: int, frame: _Frame) -> bool:
    """Return True if another frame of the kind, a tag or the end follows.

    Without this check, four random bytes could pass for a header.
    """
    after = place + frame.length
    following = _frame(data, after)
    if following is not None:
        return following.kind == frame.kind
    return after == len(data) or _tag(data, after) > after


def _stated_frames(data: mmap.mmap, place: int, frame: _Frame) -> int | None:
    """Return the frames that a header frame states, 0 if none; None for other frames."""
    tag = data[frame.data : frame.data + 12]
    if tag[:4] in (b'Xing', b'Info'):
        return int.from_bytes(tag[8:12], 'big') if len(tag) == 12 and tag[7] & 1 else 0
    tag = data[place + 36 : place + 54]
    if tag[:4] == b'VBRI' and len(tag) == 18:
        return int.from_bytes(tag[14:18], 'big')
    return None


def _tag(data: mmap.mmap, place: int) -> int:
    """Return the offset after a tag at `place`; `place` itself if there is no tag."""
    head = data[place : place + 32]
    if head[:3] == b'ID3':
        return min(skip_id3(data, place), len(data))
    if head[:3] == b'TAG':
        return min(place + 128, len(data))
    if head[:8] == b'APETAGEX' and len(head) == 32:
        # A header counts the bytes after it; a footer counts the bytes before it.
        length = int.from_bytes(head[12:16], 'little') if head[23] & 0x20 else 0
        return min(place + 32 + length, len(data))
    return place
