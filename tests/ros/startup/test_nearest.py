"""Suggestions for unknown names."""

import pytest

from diffsheg_ros.startup.nearest import SURELY, did_you_mean, nearest

KNOWN = ['preset', 'audio_file', 'viewer']


@pytest.mark.parametrize(
    ('name', 'alike', 'found'),
    [('prest', SURELY, 'preset'), ('PRESET', SURELY, 'preset'), ('audio', SURELY, ''),
     ('audio', 0.6, 'audio_file'), ('zzz', 0.6, '')],
)  # fmt: skip
def test_only_a_similar_name_is_suggested(name, alike, found):
    assert nearest(name, KNOWN, alike) == found


def test_all_names_are_listed_where_none_is_similar():
    assert did_you_mean('prest', KNOWN) == 'did you mean preset?'
    assert did_you_mean('zzz', KNOWN) == 'there are audio_file, preset, viewer'
