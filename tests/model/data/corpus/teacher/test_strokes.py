"""Key poses of a hand: strokes within the available time."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher.strokes import (
    HOME_PALM,
    KINDS,
    KeyPoses,
    Stroke,
    add_stroke,
    key_row,
)

HOME = np.array([0.0, -0.33, 0.29])


def stroke(kind: str = 'beat', end_s: float = 2.0) -> Stroke:
    return Stroke(
        kind, 'open', HOME, size=1.0, end_s=end_s, stroke_s=0.2, prepare_s=0.3, hold_s=0.4
    )


def resting_hand() -> KeyPoses:
    return KeyPoses([0.0], [key_row(HOME, HOME_PALM, 'relaxed')])


@pytest.mark.parametrize('kind', KINDS)
def test_a_stroke_ends_on_time_and_is_held(kind: str) -> None:
    hand = resting_hand()
    add_stroke(hand, stroke(kind), np.random.default_rng(0))
    assert hand.times == sorted(hand.times)
    assert 2.0 in hand.times
    assert hand.last_s == pytest.approx(2.4)


def test_a_far_hand_cannot_follow_in_a_short_time() -> None:
    hand = KeyPoses([1.9], [key_row(HOME - [0.0, 0.5, 0.0], HOME_PALM, 'relaxed')])
    assert not stroke().can_follow(hand)
    assert stroke(end_s=3.0).can_follow(hand)


def test_a_key_pose_is_never_before_the_last_one() -> None:
    hand = resting_hand()
    hand.add(-1.0, hand.rows[0])
    assert hand.times == [0.0, 0.02]
