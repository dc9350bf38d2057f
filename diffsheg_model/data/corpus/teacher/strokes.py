"""One gesture of a hand: preparation, stroke and hold as key poses.

The phases are Kendon's and McNeill's (Hand and mind, 1992). Wrists are given from the shoulder
joint in metres: outward, up, forward.
"""

from dataclasses import dataclass, field

import numpy as np

from diffsheg_model.data.corpus.teacher.curves import FloatArray
from diffsheg_model.data.corpus.teacher.hands import SHAPES

HOME_PALM = (-0.8, -0.45, 0.1)
# Preparation (from the home position), stroke (from there), direction of the palm.
KINDS = {
    'beat': ((0.02, 0.14, 0.03), (0.00, -0.17, 0.04), (-0.75, -0.55, 0.1)),
    'outward': ((-0.07, 0.07, 0.00), (0.20, 0.03, 0.03), (-0.35, 0.55, 0.5)),
    'present': ((-0.03, 0.03, -0.02), (0.10, 0.05, 0.12), (-0.15, 0.95, 0.2)),
    'circle': ((-0.05, 0.12, 0.04), (0.14, -0.12, 0.02), (-0.6, 0.1, 0.5)),
    'point': ((0.02, 0.16, 0.00), (0.02, -0.04, 0.15), (-0.6, -0.7, 0.1)),
    'chop': ((0.02, 0.18, 0.00), (-0.01, -0.23, 0.05), (-1.0, 0.0, 0.0)),
}
_CIRCLE_BULGE = np.array([0.05, 0.06, 0.03])
_FASTEST_M_S = 1.5
"""Metres a second, mean speed to a stroke; the peak of a minimum-jerk path is 1.9 times that."""


def key_row(wrist: FloatArray, palm: tuple[float, ...] | FloatArray, shape: str) -> FloatArray:
    """Return a key pose (12,): wrist (3), palm (3) and hand shape (6)."""
    return np.concatenate([wrist, np.asarray(palm, float), np.asarray(SHAPES[shape])])


@dataclass
class KeyPoses:
    """Key poses of one hand: ascending times in seconds, and a `key_row` at each."""

    times: list[float] = field(default_factory=list)
    rows: list[FloatArray] = field(default_factory=list)

    def add(self, time: float, row: FloatArray) -> None:
        """Append a key pose; one that is too early moves to 0.02 s after the last."""
        if self.times:
            time = max(time, self.times[-1] + 0.02)
        self.times.append(time)
        self.rows.append(row)

    @property
    def last_s(self) -> float:
        return self.times[-1]

    @property
    def wrist(self) -> FloatArray:
        """Wrist position (3,) of the last key pose."""
        return self.rows[-1][:3]


@dataclass(frozen=True)
class Stroke:
    """Plan of a gesture on one syllable.

    Attributes:
        kind: key of KINDS.
        shape: key of hands.SHAPES.
        where: (3,) wrist position to gesture around.
        size: factor on the path of the kind.
        end_s: end of the stroke, seconds.
        stroke_s: duration of the stroke, seconds.
        prepare_s: duration of the preparation if it is near, seconds.
        hold_s: duration of the hold after the stroke, seconds.
    """

    kind: str
    shape: str
    where: FloatArray
    size: float
    end_s: float
    stroke_s: float
    prepare_s: float
    hold_s: float

    def can_follow(self, hand: KeyPoses) -> bool:
        """Return True if the hand can reach the stroke in time at a plausible speed."""
        distance = float(np.linalg.norm(self.where - hand.wrist))
        return distance <= _FASTEST_M_S * (self.end_s - hand.last_s)


def add_stroke(hand: KeyPoses, stroke: Stroke, rng: np.random.Generator) -> None:
    """Append a stroke to a hand's key poses, with as much preparation as time allows."""
    preparation, path, palm = (np.asarray(part) for part in KINDS[stroke.kind])
    top = stroke.where + preparation * stroke.size + rng.normal(0, 0.012, 3)
    low = top + path * stroke.size + rng.normal(0, 0.012, 3)
    begin = stroke.end_s - stroke.stroke_s
    free_s = begin - hand.last_s
    if free_s > stroke.prepare_s + 0.1:  # the hand waits until the preparation has to begin
        far = float(np.linalg.norm(hand.wrist - top))
        lead = min(free_s - 0.05, stroke.prepare_s + 0.9 * max(0.0, far - 0.15))
        hand.add(begin - lead, hand.rows[-1])
    elif free_s < 0.10:  # too late for a preparation: the stroke starts at the hand
        top = hand.wrist
    if begin > hand.last_s + 0.08:
        hand.add(begin, key_row(top, 0.5 * (palm + np.asarray(HOME_PALM)), stroke.shape))
    if stroke.kind == 'circle':
        middle = 0.5 * (top + low) + _CIRCLE_BULGE * stroke.size
        hand.add(stroke.end_s - 0.5 * stroke.stroke_s, key_row(middle, palm, stroke.shape))
    hand.add(stroke.end_s, key_row(low, palm, stroke.shape))
    if stroke.hold_s > 0.08:
        held = key_row(low + rng.normal(0, 0.008, 3), palm, stroke.shape)
        hand.add(stroke.end_s + stroke.hold_s, held)
