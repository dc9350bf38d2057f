"""Randomly damaged files, and the checks of a reader with them."""

import random
import re
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from diffsheg_model.errors import InputError

LIMIT_S = 2.0
"""Seconds of processor time that a reader may take for a small file."""

FREE_BYTES = 96 << 20
TIMES = 10
"""Memory that a reader may take: `FREE_BYTES` plus `TIMES` times the file's size."""

_WORDS = (
    b'nan inf -inf 1e400 -1 0 99999999999999999999 1e308 1e-320 5e-324 null true {} [] 2147483648 '
    b'Xrotation Xposition CHANNELS JOINT ROOT Frames: MOTION Timecode time_s timestamp names'
).split() + [
    b'', b'\0', b'"', b'[', b'{', b',', b';', b'\n', b'\t', b':', b'/', b'\xff\xfe',
    b'\xef\xbb\xbf', b'\xff\xff\xff\xff', b'\0\0\0\x80', b'\xe2\x80\xa8', b'\xed\xb3\xbf',
    b'9' * 400, b'9' * 5000, b'[' * 3000, b'00:00:00:' + b'9' * 309,
]  # fmt: skip
_NUMBERS = tuple(
    value.to_bytes(8, 'little') for value in (0, 2**31, 2**32 - 1, 2**50, 2**63 - 1, 2**64 - 1)
)
_TOKEN = re.compile(rb'[A-Za-z]+|[-\d.eE]+')


@dataclass
class Sample:
    """A reader with good files of its kind.

    Attributes:
        path: of the file that is damaged.
        seeds: its contents, each good.
        read: calls the reader.
    """

    path: Path
    seeds: list[bytes]
    read: Callable[[], object]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return a file with one to six damages; in a zip file they may lie in a member."""
    if data.startswith(b'PK\3\4') and chance.random() < 0.5:
        return _damaged_member(data, chance)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        if data:
            data = chance.choice(_DAMAGES)(bytearray(data), chance.randrange(len(data)), chance)
    return data


def _damaged_member(data: bytes, chance: random.Random) -> bytes:
    """Return a valid zip file with one damaged member, which no checksum reveals."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(file, 'w') as new:
        infos = old.infolist()
        victim = chance.choice(infos)
        for info in infos:
            content = old.read(info)
            if info is victim:
                content = damaged(content, chance)
            new.writestr(info.filename, content, chance.choice([0, zipfile.ZIP_DEFLATED]))
    return file.getvalue()


def _turn_bit(data: bytearray, at: int, chance: random.Random) -> bytes:
    data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def _set_byte(data: bytearray, at: int, chance: random.Random) -> bytes:
    data[at] = chance.randrange(256)
    return bytes(data)


def _leave_out(data: bytearray, at: int, chance: random.Random) -> bytes:
    del data[at : at + chance.choice([1, 2, 4, 16, 200])]
    return bytes(data)


def _insert(data: bytearray, at: int, chance: random.Random) -> bytes:
    data[at:at] = chance.choice(_WORDS)
    return bytes(data)


def _repeat(data: bytearray, at: int, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    data[at:at] = data[start : start + chance.choice([1, 8, 64, 500])]
    return bytes(data)


def _set_number(data: bytearray, at: int, chance: random.Random) -> bytes:
    width = chance.choice([4, 8])
    data[at : at + width] = chance.choice(_NUMBERS)[:width]
    return bytes(data)


def _replace_token(data: bytearray, at: int, chance: random.Random) -> bytes:
    first = max(0, at - 200)
    found = list(_TOKEN.finditer(bytes(data[first : at + 200])))
    if found:
        token = chance.choice(found)
        data[first + token.start() : first + token.end()] = chance.choice(_WORDS)
    return bytes(data)


def _cut_line(data: bytearray, at: int, chance: random.Random) -> bytes:
    lines = bytes(data).split(b'\n')
    index = chance.randrange(len(lines))
    lines[index] = lines[index][: chance.randrange(len(lines[index]) + 1)]
    return b'\n'.join(lines if chance.random() < 0.5 else lines[:index] + lines[index + 1 :])


def _cut(data: bytearray, at: int, chance: random.Random) -> bytes:
    return bytes(data[:at])


_DAMAGES = (
    _turn_bit, _set_byte, _leave_out, _insert, _repeat, _set_number, _replace_token, _cut_line, _cut
)  # fmt: skip


def watched(sample: Sample, data: bytes) -> bool:
    """Return True if a file was read; fail for anything else but a refusal in one line."""
    sample.path.write_bytes(data)
    tracemalloc.start()
    before, begin = tracemalloc.get_traced_memory()[0], time.process_time()
    try:
        sample.read()
        read = True
    except InputError as error:
        line = str(error)
        assert line and '\n' not in line and line.isprintable() and len(line) <= 1010, line
        read = False
    finally:
        seconds = time.process_time() - begin
        taken = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert seconds < LIMIT_S, f'took {seconds:.1f} s'
    assert taken < FREE_BYTES + TIMES * len(data), f'took {taken / 1e6:.0f} MB'
    return read


def fuzz(name: str, sample: Sample, seed: int, goes_on: Callable[[int], bool]) -> None:
    """Check a reader with damaged files; a file that makes it fail is kept and named.

    Args:
        name: of the reader.
        sample: of its files.
        seed: gives the same files again.
        goes_on: takes the number of files so far, returns True for one more.
    """
    for data in sample.seeds:
        sample.path.write_bytes(data)
        sample.read()
    chance = random.Random(f'{name} {seed}')
    count = 0
    while goes_on(count):
        data = damaged(chance.choice(sample.seeds), chance)
        count += 1
        try:
            watched(sample, data)
        except Exception as error:
            with tempfile.NamedTemporaryFile(
                prefix=f'fuzz-{name}-', suffix=sample.path.suffix, delete=False
            ) as kept:
                kept.write(data)
            raise AssertionError(
                f'{name}, seed {seed}, file {count}: {type(error).__name__}: {error}; '
                f'the file is kept as {kept.name}'
            ) from error
