"""Mouth and jaw from timed phones."""

import numpy as np

from diffsheg_model.data.corpus.teacher.mouth import ARTICULATORS, articulate
from diffsheg_model.data.corpus.voices.phones import (
    Phone,
)


def say(*names: str, each_s: float = 0.12, start_s: float = 0.5) -> tuple[Phone, ...]:
    return tuple(
        Phone(name, start_s + i * each_s, start_s + (i + 1) * each_s, 0)
        for i, name in enumerate(names)
    )


def articulation(phones: tuple[Phone, ...], duration_s: float) -> dict[str, np.ndarray]:
    frames = int(duration_s * 60)
    loud = np.ones(frames)
    return dict(
        zip(ARTICULATORS, articulate(phones, duration_s, loud, 60.0, frames).T, strict=True)
    )


def test_lips_close_on_bilabials_and_open_on_vowels() -> None:
    mouth = articulation(say('AA', 'B', 'AA', 'M', 'AA', 'P', 'AA'), 2.0)
    for closure in (1, 3, 5):
        middle = int((0.5 + (closure + 0.5) * 0.12) * 60)
        assert mouth['close'][middle] > 0.8
        assert mouth['jaw'][middle] < 0.5 * mouth['jaw'].max()
    vowel = int((0.5 + 2.5 * 0.12) * 60)
    assert mouth['close'][vowel] < 0.35


def test_rounding_spreads_over_a_tongue_consonant() -> None:
    """Coarticulation: the t of 'too' is rounder than the t of 'tea'."""
    rounded = articulation(say('UW', 'T', 'UW'), 1.5)['pucker']
    spread = articulation(say('IY', 'T', 'IY'), 1.5)['pucker']
    middle = int((0.5 + 0.18) * 60)
    assert rounded[middle] > 0.4 > 0.1 > spread[middle]


def test_jaw_follows_vowel_height_and_rests_in_silence() -> None:
    mouth = articulation(say('AA', 'AA', 'IY', 'IY'), 3.0)
    assert mouth['jaw'][int(0.6 * 60)] > 1.8 * mouth['jaw'][int(0.9 * 60)]
    assert mouth['jaw'][int(2.5 * 60) :].max() < 0.02
    assert mouth['jaw'][: int(0.2 * 60)].max() < 0.02
