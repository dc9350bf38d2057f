"""``diffsheg view``: a motion file with its sound in the browser."""

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
    """Show a motion in the browser until Ctrl-C.

    Serves one page on this machine and opens it. Without a display, it prints the address. The page
    loads nothing from other machines and sends nothing to them.

    Args:
        motion: npz, mcap, bvh, csv (ARKit, Live Link Face) or BEAT's facial json.
        audio: recording for the motion. Default: the sound in an mcap.
        beside: second motion, shown beside the first, such as another seed or a capture.
        fps: frame rate of both motions, instead of the rate that the files give.
        loop: start again after the end.
        host: address to serve on. Addresses outside this machine need --allow-remote.
        port: port to serve on. If it is taken, the next free one is used. 0 is any free port.
        allow_remote: allow other machines. They need the token in the printed address.
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
