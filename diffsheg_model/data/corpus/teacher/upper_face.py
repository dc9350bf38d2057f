"""Blinks, lids, gaze and brows."""

import numpy as np

from diffsheg_model.data.corpus.teacher.curves import (
    FloatArray,
    bump,
    slow_gate,
    wander,
)
from diffsheg_model.data.corpus.teacher.events import SpeechEvents
from diffsheg_model.data.corpus.teacher.styles import Style

_SHORTEST_GAP_S = 0.7
_FASTEST_CLOSING_S = 0.06


def blink_times(
    events: SpeechEvents, per_minute: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Draw the (start, duration) of blinks in seconds.

    Gaps are gamma distributed. About a third of the blinks moves to the end of a phrase, where
    people blink most (Cummins, Gaze and blinking in dyadic conversation, 2012). Blinks last 0.22
    to 0.38 s: at 15 frames a second a shorter one may be a single frame.
    """
    ends = [end for _, end in events.phrases]
    mean_gap = 60.0 / per_minute
    blinks: list[tuple[float, float]] = []
    time = float(rng.uniform(0.2, mean_gap))
    while time < events.duration_s:
        near = [end for end in ends if abs(end - time) < 0.45 * mean_gap]
        if near and rng.random() < 0.4:
            candidate = float(rng.choice(near)) + float(rng.uniform(-0.05, 0.15))
            if not blinks or candidate > blinks[-1][0] + _SHORTEST_GAP_S:
                time = max(candidate, 0.0)
        duration = float(np.clip(rng.normal(0.30, 0.04), 0.22, 0.38))
        if time + duration < events.duration_s:
            blinks.append((time, duration))
        time += max(_SHORTEST_GAP_S, float(rng.gamma(2.5, mean_gap / 2.5)))
    return blinks


def _lids(
    times: FloatArray, blinks: list[tuple[float, float]], rng: np.random.Generator
) -> FloatArray:
    closed = np.zeros_like(times)
    for start, duration in blinks:
        closing = max(_FASTEST_CLOSING_S, 0.38 * duration)
        depth = float(rng.uniform(0.88, 1.0))
        curve = depth * bump(times, start, start + closing, start + duration)
        # A blink can fall between two frames; the nearest frame shows it closed.
        middle = int(np.argmin(np.abs(times - (start + closing))))
        curve[middle] = max(curve[middle], 0.9 * depth)
        closed = np.maximum(closed, curve)
    return closed


def _gaze(
    times: FloatArray, events: SpeechEvents, size: float, rng: np.random.Generator
) -> FloatArray:
    """Return the eye rotation (F, 2), right and up positive, about -1..1.

    The eyes look mostly at the listener. They glance away before and between phrases, by
    saccades of 60 ms.
    """
    keys, target = [0.0], [np.zeros(2)]
    time = float(rng.uniform(0.3, 2.0))
    starts = [start for start, _ in events.phrases]
    while time < events.duration_s:
        away = rng.random() < 0.45
        point = rng.normal(0, [0.32, 0.20]) * size if away else rng.normal(0, [0.05, 0.04])
        keys += [time, time + 0.06]
        target += [target[-1], np.clip(point, -0.7, 0.7)]
        time += float(rng.uniform(0.4, 1.3) if away else rng.uniform(0.8, 3.0))
        upcoming = [start for start in starts if 0.2 < start - time < 0.8]
        if upcoming and rng.random() < 0.5:
            time = upcoming[0] - 0.15
    path = np.stack(
        [np.interp(times, keys, [float(t[axis]) for t in target]) for axis in range(2)], axis=1
    )
    return path + 0.004 * rng.standard_normal(path.shape)


def upper_face_weights(
    times: FloatArray, fps: float, events: SpeechEvents, style: Style, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return the ARKit weights of eyes, lids and brows by name, (F,) in 0..1."""
    frames = len(times)
    rate = float(np.clip(style.blinks_per_minute * rng.uniform(0.85, 1.15), 9.0, 29.0))
    blink = _lids(times, blink_times(events, rate, rng), rng)
    gaze = _gaze(times, events, style.gaze, rng)
    right, up = gaze[:, 0], gaze[:, 1]
    slow = wander(rng, frames, fps, 3.0, 3)
    raised = np.zeros(frames)
    lowered = np.zeros(frames)
    for accent, strength in events.accents:
        draw = rng.random()
        size = style.brows * strength * float(rng.uniform(0.15, 0.5))
        lead, tail = rng.uniform(0.12, 0.25), rng.uniform(0.3, 0.7)
        shape = size * bump(times, accent - lead, accent, accent + tail)
        if draw < 0.35:
            raised = np.maximum(raised, shape)
        elif draw < 0.47:
            lowered = np.maximum(lowered, 0.7 * shape)
    engaged = slow_gate(events.speaking.astype(float), fps, 0.3, 0.8)
    raised = raised + 0.05 * engaged * np.clip(1 + slow[:, 0], 0, 3)
    curves = {'browInnerUp': 0.05 + 0.9 * raised}
    for side, inward, outward in (('Left', right, -right), ('Right', -right, right)):
        curves[f'eyeBlink{side}'] = np.clip(blink + 0.06 * np.clip(-up, 0, 1), 0, 1)
        curves[f'eyeLookIn{side}'] = np.clip(inward, 0, 1)
        curves[f'eyeLookOut{side}'] = np.clip(outward, 0, 1)
        curves[f'eyeLookUp{side}'] = np.clip(up, 0, 1)
        curves[f'eyeLookDown{side}'] = np.clip(-up, 0, 1)
        curves[f'eyeSquint{side}'] = (
            0.05
            + 0.25 * blink
            + 0.20 * lowered
            + 0.15 * style.smile
            + 0.02 * np.clip(slow[:, 1], 0, 3)
        )
        curves[f'eyeWide{side}'] = (0.03 + 0.35 * raised) * (1 - blink)
        curves[f'browOuterUp{side}'] = 0.03 + 0.7 * raised
        curves[f'browDown{side}'] = 0.02 + 0.6 * lowered + 0.02 * np.clip(slow[:, 2], 0, 3)
    return {name: np.clip(curve, 0.0, 1.0) for name, curve in curves.items()}
