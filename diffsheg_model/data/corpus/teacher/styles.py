"""The eight speaking styles, one for each speaker of the model's one-hot vector."""

from dataclasses import dataclass

import numpy as np

RESTS = ('sides', 'belly', 'lap')


@dataclass(frozen=True)
class Style:
    """Parameters of a speaker's posture and movement.

    Attributes:
        name: name for users.
        right_hand: probability that a one-handed stroke uses the right hand.
        both_hands: probability that a stroke uses both hands.
        stroke_rate: probability that an accented syllable gets a stroke.
        amplitude: size of strokes; 1 is about 0.2 m.
        height: raises the gesture space, metres.
        width: opens the gesture space outwards, metres.
        hold_s: mean duration of the hold after a stroke, seconds.
        pace: speed of strokes; above 1 is faster.
        shapes: relative frequencies of the hand shapes.
        kinds: relative frequencies of the stroke kinds.
        rest: position of the hands in silence: 'sides', 'belly' or 'lap' (low in front).
        nod: size of head nods on accents; 1 is about 5 degrees.
        head: size of slow head turns.
        sway: size of body sway.
        brows: size of brow raises.
        smile: constant smile, 0..1.
        articulation: factor on the targets of the mouth.
        blinks_per_minute: mean rate.
        gaze: size of glances away from the listener.
    """

    name: str
    right_hand: float
    both_hands: float
    stroke_rate: float
    amplitude: float
    height: float
    width: float
    hold_s: float
    pace: float
    shapes: dict[str, float]
    kinds: dict[str, float]
    rest: str
    nod: float
    head: float
    sway: float
    brows: float
    smile: float
    articulation: float
    blinks_per_minute: float
    gaze: float

    def __post_init__(self) -> None:
        for field in ('right_hand', 'both_hands', 'stroke_rate', 'smile'):
            if not 0.0 <= getattr(self, field) <= 1.0:
                raise ValueError(f'Style.{field} = {getattr(self, field)!r}: must be in [0, 1]')
        if self.rest not in RESTS:
            raise ValueError(f'Style.rest = {self.rest!r}: must be one of {RESTS}')
        if not 8.0 <= self.blinks_per_minute <= 30.0:
            raise ValueError(
                f'Style.blinks_per_minute = {self.blinks_per_minute!r}: must be in [8, 30]'
            )


def draw(weights: dict[str, float], rng: np.random.Generator) -> str:
    """Draw a key with a probability proportional to its weight."""
    names = list(weights)
    shares = np.asarray([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


STYLES = (
    Style('conversational', 0.65, 0.45, 0.80, 1.10, 0.00, 0.00, 0.25, 1.00,
          {'relaxed': 4, 'open': 3, 'cup': 2, 'ring': 1}, {'beat': 3, 'outward': 3, 'circle': 1},
          'sides', 1.0, 1.0, 1.0, 1.0, 0.10, 1.00, 22, 1.0),
    Style('calm', 0.60, 0.30, 0.50, 0.75, -0.06, -0.03, 0.50, 0.80,
          {'relaxed': 5, 'cup': 3, 'open': 1}, {'beat': 4, 'outward': 2, 'present': 1},
          'lap', 0.7, 0.7, 0.8, 0.6, 0.15, 0.85, 17, 0.7),
    Style('energetic', 0.60, 0.60, 0.95, 1.30, 0.06, 0.06, 0.12, 1.20,
          {'open': 5, 'flat': 2, 'point': 1, 'fist': 1}, {'beat': 4, 'outward': 3, 'circle': 2},
          'sides', 1.5, 1.4, 1.5, 1.4, 0.18, 1.15, 26, 1.3),
    Style('lecturer', 0.80, 0.30, 0.80, 1.00, 0.05, 0.02, 0.45, 1.00,
          {'point': 4, 'ring': 4, 'open': 2, 'flat': 1}, {'beat': 5, 'point': 3, 'present': 2},
          'belly', 1.0, 1.2, 0.9, 1.1, 0.05, 1.10, 21, 1.1),
    Style('left-handed', 0.12, 0.35, 0.80, 1.05, 0.00, 0.00, 0.30, 1.00,
          {'relaxed': 3, 'open': 3, 'ring': 2}, {'beat': 3, 'outward': 3, 'circle': 1},
          'sides', 0.9, 1.0, 1.1, 0.9, 0.08, 1.00, 20, 1.0),
    Style('open', 0.50, 0.80, 0.75, 1.10, -0.02, 0.10, 0.40, 0.90,
          {'open': 6, 'flat': 3}, {'present': 4, 'outward': 4, 'beat': 2},
          'belly', 1.0, 0.9, 1.2, 1.2, 0.25, 1.00, 23, 0.8),
    Style('reserved', 0.70, 0.15, 0.40, 0.65, -0.05, -0.05, 0.30, 0.95,
          {'relaxed': 5, 'fist': 1, 'cup': 1}, {'beat': 6, 'outward': 1},
          'lap', 1.2, 0.8, 0.6, 0.7, 0.04, 0.80, 28, 1.4),
    Style('emphatic', 0.65, 0.60, 0.85, 1.20, 0.02, 0.00, 0.20, 1.30,
          {'flat': 4, 'fist': 3, 'point': 2}, {'chop': 5, 'beat': 4, 'point': 1},
          'belly', 1.4, 1.1, 1.0, 1.3, 0.02, 1.10, 18, 0.9),
)  # fmt: skip
"""The index is the speaker's index in the model's one-hot vector."""
