"""Rendering of motions by the viewer's page in a headless browser."""

import contextlib
import math
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.pictures.browser import Browser, headless
from diffsheg_model.viewer.client import Client
from diffsheg_model.viewer.clip import Clip
from diffsheg_model.viewer.connections import ConnectionLimits
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from diffsheg_model.viewer.show import greeting
from diffsheg_model.viewer.wire_format import body_message, face_message

CAMERAS = ('half', 'portrait', 'side')
"""Camera positions; `web/stage.js` defines them."""

#: Seconds. The page loads in 1 to 2 s; a picture in software takes less than 1 s.
_LIMIT_S = 90.0


def draw(
    clips: Sequence[Clip],
    times_s: Iterable[float],
    width: int,
    height: int,
    *,
    camera: str = 'half',
    browser: str | None = None,
) -> Iterator[np.ndarray]:
    """Render one motion, or two side by side, at given times.

    Args:
        clips: the motions.
        times_s: times, seconds from the start of the audio; outside of a motion its first or last
            pose is drawn.
        width, height: size of the pictures, pixels.
        camera: one of `CAMERAS`.
        browser: as for `browser.find_browser`.

    Yields:
        Pictures (height, width, 3) uint8.

    Raises:
        InputError: no browser, one that cannot draw, or missing packages of the viewer.
    """
    hub = Hub()
    show = _RenderShow(clips, width, height, camera)
    # A picture is four bytes a pixel, and the one page sends nothing else.
    limits = ConnectionLimits(
        pages=1, message_bytes=4 * width * height + 1024, read_bytes=256 << 10, cpu_s=math.inf
    )
    server = ViewerServer(show, hub, limits=limits)
    server.start()
    try:
        with headless(server.url, width, height, browser) as running:
            show.wait_ready(running)
            for time_s in times_s:
                for index, clip in enumerate(clips):
                    weights, quaternions = clip.pose(time_s)
                    hub.send(face_message(index, time_s, weights))
                    hub.send(body_message(index, time_s, quaternions))
                hub.send({'type': 'draw', 'time_s': time_s})
                yield show.next_picture(running)
    finally:
        server.stop()


class _RenderShow:
    """A `Show` for the one page that renders."""

    def __init__(self, clips: Sequence[Clip], width: int, height: int, camera: str) -> None:
        self._clips = clips
        self._width = width
        self._height = height
        self._camera = camera
        self._page: Client | None = None
        self._ready = threading.Event()
        self._failure = ''
        self._pictures: queue.Queue[bytes] = queue.Queue(2)

    def wait_ready(self, browser: Browser) -> None:
        """Wait until the page has loaded the figures."""
        self._wait(browser, self._ready.is_set)

    def next_picture(self, browser: Browser) -> np.ndarray:
        """Return the next picture (height, width, 3) uint8."""
        self._wait(browser, lambda: not self._pictures.empty())
        rgba = np.frombuffer(self._pictures.get(), np.uint8)
        # OpenGL's rows start at the bottom.
        return rgba.reshape(self._height, self._width, 4)[::-1, :, :3]

    def _wait(self, browser: Browser, done: Any) -> None:
        end_s = time.monotonic() + _LIMIT_S
        while not done():
            browser.check()
            if self._failure:
                raise InputError(f'the browser {browser.program} cannot draw: {self._failure}')
            if time.monotonic() > end_s:
                raise InputError(
                    f'the browser {browser.program} has drawn nothing for {_LIMIT_S:g} s; '
                    'name another one with --browser'
                )
            time.sleep(0.002)

    def now_s(self) -> float:
        return time.monotonic()

    def greeting(self) -> dict[str, Any]:
        return greeting(
            [clip.source for clip in self._clips],
            mode='render',
            width=self._width,
            height=self._height,
            camera=self._camera,
        )

    def on_join(self, client: Client) -> None:
        if self._page is None:
            self._page = client

    def on_message(self, client: Client, message: dict[str, Any]) -> None:
        if client is not self._page:
            raise InputError('another page is already connected to this renderer')
        if message['type'] == 'ready':
            self._ready.set()
        elif message['type'] == 'failed':
            self._failure = str(message.get('message') or 'it said no more')

    def on_bytes(self, client: Client, data: bytes) -> None:
        if client is not self._page:
            raise InputError('another page is already connected to this renderer')
        if len(data) != 4 * self._width * self._height:
            self._failure = f'its picture of {len(data)} bytes is not {self._width}x{self._height}'
            return
        with contextlib.suppress(queue.Full):  # a requested picture always has room
            self._pictures.put_nowait(data)

    def on_leave(self, client: Client) -> None:
        if client is self._page and not self._failure:
            self._failure = 'its page went away (out of memory, or no WebGL)'
