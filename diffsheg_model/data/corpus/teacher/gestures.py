"""Paths of the hands: strokes on accents, holds between them, retraction in pauses.

A stroke ends on the stressed syllable or just before it (phonological synchrony: McNeill, Hand and
mind, 1992; Leonard and Cummins, The temporal relation between beat gestures and speech, 2011).
Every segment between two key poses is a minimum-jerk path.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from diffsheg_model.data.corpus.teacher.curves import (
    FloatArray,
    key_path,
    slow_gate,
    wander,
)
from diffsheg_model.data.corpus.teacher.events import SpeechEvents
from diffsheg_model.data.corpus.teacher.strokes import (
    HOME_PALM,
    KeyPoses,
    Stroke,
    add_stroke,
    key_row,
)
from diffsheg_model.data.corpus.teacher.styles import Style, draw

# Wrist from the shoulder joint in metres: outward, up, forward; the palm's direction; hand shape.
_RESTS = {
    'sides': ((0.09, -0.53, 0.05), (-1.0, 0.0, 0.15), 'relaxed'),
    'belly': ((-0.06, -0.36, 0.24), (-0.6, -0.4, -0.5), 'relaxed'),
    'lap': ((-0.05, -0.46, 0.20), (-0.7, 0.0, -0.6), 'relaxed'),
}
_HOME = (0.00, -0.33, 0.29)
_LEAD_S = 0.03
_SHORTEST_GAP_S = 0.42
_RETRACTING_PAUSE_S = 1.3
_MIDLINE_M = -0.11
"""A wrist stays on its side of the body, softly, so that hands do not run into each other."""


@dataclass(frozen=True)
class HandPaths:
    """Path of one hand over time.

    Attributes:
        wrist: (F, 3) metres from the shoulder joint: outward, up, forward.
        palm: (F, 3) direction, not normalised.
        shape: (F, 6) hand shape, as rows of hands.SHAPES.
    """

    wrist: FloatArray
    palm: FloatArray
    shape: FloatArray


def plan(
    events: SpeechEvents, style: Style, times: FloatArray, fps: float, rng: np.random.Generator
) -> tuple[HandPaths, HandPaths]:
    """Plan the paths of the right and the left hand at the given times (F,) in seconds."""
    wrist, palm, shape = _RESTS[style.rest]
    rests = [key_row(np.array(wrist) + rng.normal(0, 0.012, 3), palm, shape) for _ in range(2)]
    hands = [KeyPoses([0.0], [rest]) for rest in rests]
    engagement = min(0.95, 0.45 + 0.7 * style.stroke_rate)
    for number, (start, end) in enumerate(events.phrases):
        accents = [accent for accent in events.accents if start <= accent[0] < end]
        if accents and rng.random() < engagement:
            _gesticulate(hands, accents, style, rng)
        last = number + 1 == len(events.phrases)
        pause = 2.0 if last else events.phrases[number + 1][0] - end
        if pause > _RETRACTING_PAUSE_S:
            _retract(hands, rests, end, min(pause, 2.0), rng)
    right, left = (_paths(hand, events, style, times, fps, rng) for hand in hands)
    return right, left


def _gesticulate(
    hands: list[KeyPoses],
    accents: list[tuple[float, float]],
    style: Style,
    rng: np.random.Generator,
) -> None:
    """Add the strokes of one phrase."""
    home = np.array(_HOME) + [style.width, style.height, 0.0] + rng.normal(0, 0.025, 3)
    previous = accents[0][0] - 1.0
    for index, (accent, strength) in enumerate(accents):
        wanted = rng.random() < style.stroke_rate * (0.55 + 0.5 * strength)
        if not wanted or accent - previous < _SHORTEST_GAP_S / style.pace:
            continue
        upcoming = accents[index + 1][0] if index + 1 < len(accents) else accent + 2.0
        hold_s = float(rng.gamma(2.0, style.hold_s / 2.0))
        stroke = Stroke(
            kind=draw(style.kinds, rng),
            shape=draw(style.shapes, rng),
            where=home + rng.normal(0, [0.05, 0.035, 0.03]),
            size=style.amplitude * float(rng.uniform(0.8, 1.5)) * (0.5 + 0.8 * strength),
            end_s=accent - _LEAD_S,
            stroke_s=float(rng.uniform(0.18, 0.29)) / style.pace,
            prepare_s=float(rng.uniform(0.26, 0.42)) / style.pace,
            hold_s=min(hold_s, max(0.05, upcoming - accent - 0.4)),
        )
        with_both = rng.random() < style.both_hands
        leading = 0 if rng.random() < style.right_hand else 1
        for place, hand in enumerate(hands):
            follows = with_both or place == leading
            if not follows:  # the other hand moves a little too, if it is free
                busy = hand.last_s > accent - 0.4
                if busy or (index == 0 and rng.random() < 0.5):
                    continue
            mine = stroke if follows else replace(stroke, shape='relaxed', size=0.3 * stroke.size)
            if mine.can_follow(hand):
                add_stroke(hand, mine, rng)
        previous = accent
        if upcoming - accent > 1.1 + stroke.hold_s:
            _go_home([hand for hand in hands if hand.last_s > accent - 0.2], home, rng)


def _go_home(hands: list[KeyPoses], home: FloatArray, rng: np.random.Generator) -> None:
    for hand in hands:
        wrist = home + rng.normal(0, 0.02, 3)
        when = hand.last_s + float(rng.uniform(0.5, 0.8))
        hand.add(when, key_row(wrist, HOME_PALM, 'relaxed'))


def _retract(
    hands: list[KeyPoses],
    rests: list[FloatArray],
    end: float,
    pause: float,
    rng: np.random.Generator,
) -> None:
    for hand, rest in zip(hands, rests, strict=True):
        if np.allclose(hand.wrist, rest[:3]):
            continue
        begin = max(hand.last_s + 0.02, end + float(rng.uniform(-0.1, 0.25)))
        hand.add(begin, hand.rows[-1])
        hand.add(begin + max(0.55, min(0.7 * pause, float(rng.uniform(0.7, 1.1)))), rest)


def _paths(
    hand: KeyPoses,
    events: SpeechEvents,
    style: Style,
    times: FloatArray,
    fps: float,
    rng: np.random.Generator,
) -> HandPaths:
    path = key_path(times, hand.times, np.stack(hand.rows))
    wrist = gaussian_filter1d(path[:, :3], 0.045 * fps, axis=0, mode='nearest')
    rest = gaussian_filter1d(path[:, 3:], 0.09 * fps, axis=0, mode='nearest')
    # Raised hands are never still in speech: they drift with rhythm and breath.
    raised = np.clip((wrist[:, 1] + 0.5) / 0.15, 0.0, 1.0)
    lively = slow_gate(events.speaking * raised, fps, 0.25, 0.5)[:, None]
    drift = 0.085 * np.sqrt(style.amplitude * style.pace) * lively + 0.006 * style.sway
    wrist += drift * wander(rng, len(times), fps, 1.0, 3)
    softness = 0.03
    wrist[:, 0] = _MIDLINE_M + softness * np.logaddexp(0.0, (wrist[:, 0] - _MIDLINE_M) / softness)
    shape = np.clip(rest[:, 3:] + 0.03 * wander(rng, len(times), fps, 0.9, 6), 0.0, 1.0)
    return HandPaths(wrist, rest[:, :3], shape)
