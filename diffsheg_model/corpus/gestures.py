"""When and where the hands move: strokes on accents, with preparation, hold and retraction.

The phases are Kendon's and McNeill's (Hand and mind, 1992); a stroke ends on the stressed syllable
or just before it (phonological synchrony; Leonard and Cummins, The temporal relation between beat
gestures and speech, 2011). Every stretch between two key points is of minimum jerk.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter1d

from diffsheg_model.corpus.curves import FloatArray, key_path, slow_gate, wander
from diffsheg_model.corpus.events import SpeechEvents
from diffsheg_model.corpus.hands import SHAPES
from diffsheg_model.corpus.styles import Style, draw

# Wrist from the shoulder joint in metres: outward, up, forward; the palm's direction; hand shape.
_RESTS = {
    'sides': ((0.09, -0.53, 0.05), (-1.0, 0.0, 0.15), 'relaxed'),
    'belly': ((-0.09, -0.36, 0.24), (-0.6, -0.4, -0.5), 'relaxed'),
    'lap': ((-0.07, -0.46, 0.20), (-0.7, 0.0, -0.6), 'relaxed'),
}
_HOME = (0.00, -0.33, 0.29)
_HOME_PALM = (-0.8, -0.45, 0.1)
# Preparation (from home) and stroke (from there), metres; the palm during the stroke.
_KINDS = {
    'beat': ((0.02, 0.14, 0.03), (0.00, -0.17, 0.04), (-0.75, -0.55, 0.1)),
    'outward': ((-0.07, 0.07, 0.00), (0.20, 0.03, 0.03), (-0.35, 0.55, 0.5)),
    'present': ((-0.03, 0.03, -0.02), (0.10, 0.05, 0.12), (-0.15, 0.95, 0.2)),
    'circle': ((-0.05, 0.12, 0.04), (0.14, -0.12, 0.02), (-0.6, 0.1, 0.5)),
    'point': ((0.02, 0.16, 0.00), (0.02, -0.04, 0.15), (-0.6, -0.7, 0.1)),
    'chop': ((0.02, 0.18, 0.00), (-0.01, -0.23, 0.05), (-1.0, 0.0, 0.0)),
}
_LEAD_S = 0.03


@dataclass
class _Track:
    """Key points of one hand: time, wrist (3), palm (3), shape (6) in a row of 12."""

    times: list[float] = field(default_factory=list)
    rows: list[FloatArray] = field(default_factory=list)

    def add(self, time: float, row: FloatArray) -> None:
        if self.times:
            time = max(time, self.times[-1] + 0.02)
        self.times.append(time)
        self.rows.append(row)


@dataclass(frozen=True)
class HandPaths:
    """What one hand does.

    Attributes:
        wrist: (F, 3) metres from the shoulder joint: outward, up, forward.
        palm: (F, 3) direction, not normalised.
        shape: (F, 6) rows as in hands.SHAPES.
    """

    wrist: FloatArray
    palm: FloatArray
    shape: FloatArray


def _row(wrist: FloatArray, palm: tuple[float, ...] | FloatArray, shape: str) -> FloatArray:
    return np.concatenate([wrist, np.asarray(palm, float), np.asarray(SHAPES[shape])])


def plan(
    events: SpeechEvents, style: Style, times: FloatArray, fps: float, rng: np.random.Generator
) -> tuple[HandPaths, HandPaths]:
    """Paths of the right and of the left hand, at the given times (F,) in seconds."""
    rest_wrist, rest_palm, rest_shape = _RESTS[style.rest]
    space = np.array([style.width, style.height, 0.0])
    rests = [
        _row(np.array(rest_wrist) + rng.normal(0, 0.012, 3), rest_palm, rest_shape)
        for _ in range(2)
    ]
    tracks = [_Track(), _Track()]
    for track, rest in zip(tracks, rests, strict=True):
        track.add(0.0, rest)
    for at, (start, end) in enumerate(events.phrases):
        following = (
            events.phrases[at + 1][0] if at + 1 < len(events.phrases) else events.duration_s + 2
        )
        accents = [accent for accent in events.accents if start <= accent[0] < end]
        engage = min(0.95, 0.45 + 0.7 * style.stroke_rate)
        if accents and rng.random() < engage:
            _phrase(tracks, accents, start, style, space, rng)
        pause = following - end
        if pause > 1.0:
            _retract(tracks, rests, end, min(pause, 2.0), rng)
    paths = []
    for track in tracks:
        path = key_path(times, track.times, np.stack(track.rows))
        path[:, :3] = gaussian_filter1d(path[:, :3], 0.045 * fps, axis=0, mode='nearest')
        path[:, 3:] = gaussian_filter1d(path[:, 3:], 0.09 * fps, axis=0, mode='nearest')
        # Hands that are up in speech are never still: they drift with rhythm and breath.
        raised = np.clip((path[:, 1] + 0.5) / 0.15, 0.0, 1.0)
        lively = slow_gate(events.speaking * raised, fps, 0.25, 0.5)[:, None]
        drift = 0.075 * np.sqrt(style.amplitude * style.pace) * lively + 0.006 * style.sway
        path[:, :3] += drift * wander(rng, len(times), fps, 1.0, 3)
        path[:, 6:] += 0.03 * wander(rng, len(times), fps, 0.9, 6)
        path[:, 6:] = np.clip(path[:, 6:], 0.0, 1.0)
        paths.append(HandPaths(path[:, :3], path[:, 3:6], path[:, 6:]))
    return paths[0], paths[1]


def _phrase(
    tracks: list[_Track],
    accents: list[tuple[float, float]],
    start: float,
    style: Style,
    space: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Adds the strokes of one phrase."""
    home = np.array(_HOME) + space + rng.normal(0, 0.025, 3)
    previous = start - 1.0
    for index, (accent, strength) in enumerate(accents):
        if accent - previous < 0.42 / style.pace or rng.random() > style.stroke_rate * (
            0.55 + 0.5 * strength
        ):
            continue
        both = rng.random() < style.both_hands
        leading = 0 if rng.random() < style.right_hand else 1
        kind, shape = draw(style.kinds, rng), draw(style.shapes, rng)
        size = style.amplitude * float(rng.uniform(0.65, 1.25)) * (0.7 + 0.4 * strength)
        stroke_s = float(rng.uniform(0.20, 0.32)) / style.pace
        prepare_s = float(rng.uniform(0.28, 0.45)) / style.pace
        upcoming = accents[index + 1][0] if index + 1 < len(accents) else accent + 2.0
        hold_s = min(float(rng.gamma(2.0, style.hold_s / 2.0)), max(0.05, upcoming - accent - 0.4))
        where = home + rng.normal(0, [0.05, 0.035, 0.03])
        for hand, track in enumerate(tracks):
            follows = both or hand == leading
            scale = size if follows else 0.3 * size
            if not follows and track.times[-1] > accent - 0.4:
                continue
            if not follows and rng.random() < 0.5 and not index:
                continue  # the other hand may stay where it rests
            _stroke(track, kind, shape if follows else 'relaxed', where, scale,
                    accent - _LEAD_S, stroke_s, prepare_s, hold_s, rng)  # fmt: skip
        previous = accent
        if upcoming - accent > 1.1 + hold_s:
            for track in tracks:
                if track.times[-1] > accent - 0.2:
                    track.add(
                        track.times[-1] + float(rng.uniform(0.5, 0.8)),
                        _row(home + rng.normal(0, 0.02, 3), _HOME_PALM, 'relaxed'),
                    )


def _stroke(
    track: _Track,
    kind: str,
    shape: str,
    where: FloatArray,
    size: float,
    end: float,
    stroke_s: float,
    prepare_s: float,
    hold_s: float,
    rng: np.random.Generator,
) -> None:
    preparation, stroke, palm = (np.asarray(part) for part in _KINDS[kind])
    top = where + preparation * size + rng.normal(0, 0.012, 3)
    low = top + stroke * size + rng.normal(0, 0.012, 3)
    begin = end - stroke_s
    last = track.times[-1]
    if begin - last > prepare_s + 0.1:  # waits where it is until the preparation has to begin
        far = np.linalg.norm(track.rows[-1][:3] - top)
        lead = min(begin - last - 0.05, prepare_s + 0.9 * max(0.0, far - 0.15))
        track.add(begin - lead, track.rows[-1])
    elif begin - last < 0.10:  # too late for a preparation: the stroke goes from where it is
        top = track.rows[-1][:3]
    if begin > track.times[-1] + 0.08:
        track.add(begin, _row(top, 0.5 * (palm + np.asarray(_HOME_PALM)), shape))
    if kind == 'circle':
        middle = 0.5 * (top + low) + np.array([0.05, 0.06, 0.03]) * size
        track.add(end - 0.5 * stroke_s, _row(middle, palm, shape))
    track.add(end, _row(low, palm, shape))
    if hold_s > 0.08:
        track.add(end + hold_s, _row(low + rng.normal(0, 0.008, 3), palm, shape))


def _retract(
    tracks: list[_Track],
    rests: list[FloatArray],
    end: float,
    pause: float,
    rng: np.random.Generator,
) -> None:
    for track, rest in zip(tracks, rests, strict=True):
        if np.allclose(track.rows[-1][:3], rest[:3]):
            continue
        begin = max(track.times[-1] + 0.02, end + float(rng.uniform(-0.1, 0.25)))
        track.add(begin, track.rows[-1])
        track.add(begin + max(0.55, min(0.7 * pause, float(rng.uniform(0.7, 1.1)))), rest)
