"""Timing of frames in real time; late frames are skipped."""

import time
from collections.abc import Callable, Iterator

#: Frames. Clocks may round this much, without making a frame that is due look early.
_ROUNDING = 1e-6


def paced(
    frames: int | None,
    fps: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Yield the index of each frame at its time, frame 0 at once.

    A late caller gets the frame that is due now. The frames before it are skipped. The last frame
    is always yielded.

    Args:
        frames: number of frames; None is without end.
        fps: frames a second.
        clock: function that returns a monotonic time in seconds.
        sleep: function that waits for some seconds.
    """
    begin_s = clock()
    index = 0
    while frames is None or index < frames:
        yield index
        due = int((clock() - begin_s) * fps + _ROUNDING)
        following = max(index + 1, due)
        if frames is not None and index < frames - 1:
            following = min(following, frames - 1)
        index = following
        if (wait_s := begin_s + index / fps - clock()) > 0:
            sleep(wait_s)
