"""Frames in real time: each when it is due, none twice, late ones left out."""

import time
from collections.abc import Callable, Iterator

#: What clocks round away must not count as a frame that is not yet due.
_ROUNDING = 1e-6


def paced(
    frames: int | None,
    fps: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Yields the index of each frame when its time has come, frame 0 at once.

    Who is late gets the frame that is due now, not those before it in a burst: what is missing
    between two indices was left out. The last frame is always yielded.

    Args:
        frames: how many there are; None goes on for ever.
        fps: frames a second.
        clock: seconds that never go back.
        sleep: waits for seconds.
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
