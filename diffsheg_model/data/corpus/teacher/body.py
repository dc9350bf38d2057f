"""Head and trunk: nods on accents, turns with the gaze and the hands, sway and breathing."""

import numpy as np

from diffsheg_model.data.corpus.teacher.curves import (
    FloatArray,
    bump,
    slow_gate,
    wander,
)
from diffsheg_model.data.corpus.teacher.events import SpeechEvents
from diffsheg_model.data.corpus.teacher.styles import Style

_BREATHS_HZ = 0.25


def head_and_spine(
    events: SpeechEvents,
    style: Style,
    times: FloatArray,
    fps: float,
    lean: FloatArray,
    rng: np.random.Generator,
) -> dict[str, FloatArray]:
    """Return the rotation vectors (F, 3) in radians of 'Spine', 'Neck' and 'Neck1'.

    Args:
        events: rhythm of the speech.
        style: style of the speaker.
        times: (F,) seconds.
        fps: frames a second.
        lean: (F,) -1..1, position of the hands from right (-) to left (+).
        rng: random generator of the take.
    """
    frames = len(times)
    degree = np.pi / 180.0
    nod = np.zeros(frames)
    for accent, strength in events.accents:
        if rng.random() > 0.65:
            continue
        size = style.nod * strength * float(rng.uniform(1.5, 7.0))
        lead, tail = rng.uniform(0.12, 0.22), rng.uniform(0.22, 0.45)
        peak = accent + float(rng.uniform(-0.03, 0.07))
        nod += size * bump(times, peak - lead, peak, peak + tail)
    for start, _ in events.phrases:  # the chin rises with the breath before a phrase
        nod -= (
            style.nod
            * float(rng.uniform(0.5, 3.0))
            * bump(times, start - 0.45, start - 0.05, start + 0.5)
        )
    engaged = 0.35 + 0.65 * slow_gate(events.speaking.astype(float), fps, 0.4, 1.2)
    fast = wander(rng, frames, fps, 1.3, 3) * engaged[:, None]
    slow = wander(rng, frames, fps, 4.5, 6)
    breath = np.sin(2 * np.pi * _BREATHS_HZ * times + rng.uniform(0, 6.28) + 0.4 * slow[:, 5])
    pitch = nod + 2.0 * style.head * fast[:, 0] + 1.5 * slow[:, 0]
    turn = 3.2 * style.head * fast[:, 1] + 6.0 * style.head * slow[:, 1] + 4.0 * lean
    tilt = 1.8 * style.head * fast[:, 2] + 2.5 * slow[:, 2]
    spine = np.stack(
        [
            3.0 + 0.8 * breath + 1.6 * style.sway * slow[:, 3] + 0.25 * nod,
            1.8 * style.sway * slow[:, 4] + 3.0 * lean,
            1.3 * style.sway * wander(rng, frames, fps, 3.0, 1)[:, 0] - 1.0 * lean,
        ],
        axis=1,
    )
    return {
        'Spine': spine * degree,
        'Neck': np.stack([0.6 * pitch + 2.0, 0.45 * turn, 0.5 * tilt], axis=1) * degree,
        'Neck1': np.stack([0.4 * pitch - 3.0, 0.55 * turn, 0.5 * tilt], axis=1) * degree,
    }
