"""``diffsheg view``: a motion file on a page in the browser, with its sound."""

import logging
import threading
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffsheg_model.viewer.port import DEFAULT_PORT

EXAMPLE = 'diffsheg view out/motion.npz --audio speech.wav'

logger = logging.getLogger(__name__)


def view(
    motion: Path,
    audio: Path | None = None,
    beside: Path | None = None,
    fps: float | None = None,
    loop: bool = True,
    host: str = '127.0.0.1',
    port: int = DEFAULT_PORT,
    allow_remote: bool = False,
    open_page: Annotated[bool, Parameter(name='--open')] = True,
) -> None:
    """Shows a motion in the browser; Ctrl-C ends it.

    Serves one page on this machine and opens it, or prints its address where there is no display.
    Nothing is loaded from elsewhere and nothing leaves this machine.

    Args:
        motion: npz, mcap, bvh, csv (ARKit, Live Link Face) or BEAT's facial json.
        audio: its sound; that of an mcap unless given.
        beside: a second motion, shown beside the first: another seed, or what was captured.
        fps: frames a second of both, where a file states none or a wrong one.
        loop: begin again after the end.
        host: address to serve on; others than this machine's own need --allow-remote.
        port: the next free one where it is taken; 0 is any that is free.
        allow_remote: let other machines look too; they need the token in the printed address.
        open_page: open the page in the browser.
    """
    from diffsheg_model.viewer.announce import announce
    from diffsheg_model.viewer.clip import load_clips
    from diffsheg_model.viewer.clip_show import ClipShow
    from diffsheg_model.viewer.hub import Hub
    from diffsheg_model.viewer.server import ViewerServer

    paths = [motion] if beside is None else [motion, beside]
    clips, sound, rate = load_clips(paths, audio, fps)
    hub = Hub()
    show = ClipShow(hub, clips, sound, rate, loop=loop)
    server = ViewerServer(show, hub, host=host, port=port, allow_remote=allow_remote)
    server.start()
    try:
        logger.info('%s  (Ctrl-C ends it)', announce(server, open_page))
        show.run(threading.Event())
    finally:
        server.stop()
