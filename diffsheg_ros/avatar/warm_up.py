"""The first windows of an engine, which load all that the first utterance needs."""

from collections.abc import Callable

import numpy as np

from diffsheg_model.config import BundleConfig
from diffsheg_model.session.session import Session

#: Hz, of the silence that is heard.
WARM_UP_RATE = 16000
#: Windows that are timed.
_MEASURED = 3


def warm_up(session: Session, config: BundleConfig, seconds: Callable[[], float]) -> float:
    """Generate some windows of silence.

    Args:
        session: a new one, for `WARM_UP_RATE`.
        config: of its bundle.
        seconds: a clock to measure with.

    Returns:
        Seconds that a window in the middle of an utterance took, the median of three.
    """
    # A window takes longest where it hears all of its context.
    window_s = config.format.window_frames / config.format.fps
    context_s = config.features.speech_context_s
    session.push(np.zeros(round((context_s + window_s) * WARM_UP_RATE), np.float32))
    while session.step() is not None:
        pass
    spans_s: list[float] = []
    while len(spans_s) < _MEASURED:
        session.push(np.zeros(round(WARM_UP_RATE / config.format.fps), np.float32))
        begin_s = seconds()
        if session.step() is not None:
            spans_s.append(seconds() - begin_s)
    return sorted(spans_s)[_MEASURED // 2]
