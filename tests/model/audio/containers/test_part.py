"""A part of a file reads as a file of its own."""

import io
import os

import pytest

from diffsheg_model.audio.containers.part import Part, PartFile


@pytest.mark.parametrize('head', [b'', b'HEAD'])
def test_a_part_reads_and_seeks_as_a_file_with_its_bytes(tmp_path, head):
    path = tmp_path / 'whole'
    path.write_bytes(bytes(range(200)))
    expected = io.BytesIO(head + bytes(range(50, 90)))
    with PartFile(path, Part(50, 90, head)) as part:
        assert len(part) == len(expected.getvalue()) and part.readable() and part.seekable()
        for offset, whence, size in (
            (0, os.SEEK_SET, 3), (0, os.SEEK_CUR, 5), (-6, os.SEEK_END, 100), (2, os.SEEK_SET, -1),
            (500, os.SEEK_SET, 1), (1, os.SEEK_SET, 0),
        ):  # fmt: skip
            assert part.seek(offset, whence) == expected.seek(offset, whence)
            assert part.read(size) == expected.read(size)
            assert part.tell() == expected.tell()
        part.seek(0)
        buffer = bytearray(7)
        assert part.readinto(buffer) == 7 and buffer == expected.getvalue()[:7]


def test_only_a_part_without_a_new_header_can_be_the_whole_file():
    assert Part(0, 200).is_whole(200)
    assert not Part(0, 199).is_whole(200)
    assert not Part(0, 200, b'HEAD').is_whole(200)
