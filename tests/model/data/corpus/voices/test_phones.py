"""Names of phones from IPA and from the segments of synthesisers."""

import pytest

from diffsheg_model.data.corpus.voices.phones import (
    INVENTORY,
    name_from_segment,
    names_from_ipa,
)


@pytest.mark.parametrize(
    ('ipa', 'names'),
    [
        ('oʊ', ['OW']), ('ɛɹ', ['EH', 'R']), ('tʃ', ['CH']), ('yː', ['YY']), ('th', ['T']),
        ('ɑ̃', ['AA']), ('ç', ['HH']), ('', []), ('?', []),
    ],
)  # fmt: skip
def test_ipa_names(ipa: str, names: list[str]) -> None:
    assert names_from_ipa(ipa) == names
    assert set(names) <= INVENTORY


@pytest.mark.parametrize(
    ('segment', 'language', 'name'),
    [
        ('ax', 'en', 'AX'), ('pau', 'en', 'sil'), ('hh', 'en', 'HH'), ('a:', 'cs', 'AA'),
        ('c~', 'cs', 'CH'), ('c', 'cs', 'T'), ('@:', 'fi', 'AE'), ('l:', 'fi', 'L'),
        ('dZ', 'it', 'JH'), ('o1', 'it', 'OW'), ('nn', 'ru', 'N'), ('sch', 'ru', 'SH'),
        ('_', 'cs', None),
    ],
)  # fmt: skip
def test_segment_names(segment: str, language: str, name: str | None) -> None:
    assert name_from_segment(segment, language) == name
