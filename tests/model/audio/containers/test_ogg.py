"""Links of a chained Ogg file."""

import mmap
from pathlib import Path

import pytest

from diffsheg_model.audio.containers.ogg import ogg_parts
from diffsheg_model.audio.containers.part import Part
from tests.support.sound_containers import encoded


def parts_of(path: Path, content: bytes) -> tuple[list[Part], int]:
    path.write_bytes(content)
    with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return ogg_parts(data)


@pytest.mark.parametrize('subtype', ['VORBIS', 'OPUS'])
def test_each_link_is_a_part_and_bytes_between_links_are_left_out(tmp_path, subtype):
    one, two = encoded(('OGG', subtype), 0.5), encoded(('OGG', subtype), 1.0)
    assert parts_of(tmp_path / 'alone', one) == ([Part(0, len(one))], 0)
    end = len(one) + 100 + len(two)
    expected = [Part(0, len(one)), Part(len(one) + 100, end)]
    assert parts_of(tmp_path / 'chained', one + bytes(100) + two) == (expected, 100)


def test_a_cut_page_at_the_end_is_left_out(tmp_path):
    content = encoded(('OGG', 'VORBIS'), 2.0)
    last = content.rindex(b'OggS')
    cut = content[: last + 40]
    assert parts_of(tmp_path / 'cut', cut) == ([Part(0, last)], 40)
