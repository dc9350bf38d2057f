"""Playback of motion files on pages, in time with their sound: pause, seek and repeat."""

import math
import threading
import time
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.viewer.client import Client
from diffsheg_model.viewer.clip import Clip
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.show import greeting, is_number
from diffsheg_model.viewer.wire_format import body_message, face_message, sound_message

#: Seconds that motion and sound are sent before they are shown, so that pages have them in time.
AHEAD_S = 0.4
_TICK_S = 0.02
_SOUND_PIECE_S = 0.1
#: Seconds between two rounds.
_PAUSE_S = 0.6


class ClipShow:
    """A `Show` that plays one clip, or two side by side, in real time.

    `run` plays, in the thread that calls it; the server calls the other methods.
    """

    def __init__(
        self,
        hub: Hub,
        clips: list[Clip],
        sound: np.ndarray | None = None,
        rate: int = 16000,
        *,
        loop: bool = True,
    ) -> None:
        """Create the show, paused at the beginning.

        Args:
            hub: sends the messages to the pages.
            clips: one or two clips.
            sound: (n,) mono, from the motion's first frame.
            rate: sample rate of the sound, Hz.
            loop: begin again after the end.
        """
        self._hub = hub
        self._clips = clips
        self._sound = np.zeros(0, np.float32) if sound is None else np.asarray(sound, np.float32)
        self._rate = rate
        self._loop = loop
        self.duration_s = max(len(self._sound) / rate, *(clip.end_s for clip in clips))
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._playing = False
        self._position_s = 0.0  # position in the clip while it is paused
        self._start_s = 0.0  # time at which the clip's beginning is shown, while it plays
        self._sent_s = 0.0  # position up to which the clip was sent

    def now_s(self) -> float:
        return time.monotonic()

    def greeting(self) -> dict[str, Any]:
        return greeting(
            [clip.source for clip in self._clips],
            mode='clip',
            duration_s=self.duration_s,
        )

    def on_join(self, client: Client) -> None:
        with self._lock:
            if not self._playing and self._position_s == 0.0:
                self._play()
            else:
                self._hub.send(self._state(), client)
            if not self._playing:
                self._send_still()

    def on_message(self, client: Client, message: dict[str, Any]) -> None:
        kind = message['type']
        with self._lock:
            if kind == 'play':
                self._play()
            elif kind == 'pause':
                self._pause()
            elif kind == 'seek':
                self._seek(message.get('position_s'))
            else:
                raise InputError(f'a page that plays a file has no request {kind[:40]!r}')

    def on_bytes(self, client: Client, data: bytes) -> None:
        raise InputError('this page plays a file: it has no avatar to speak to')

    def on_leave(self, client: Client) -> None:
        pass

    def run(self, until: threading.Event) -> None:
        """Play until the event is set."""
        while not until.wait(_TICK_S):
            with self._lock:
                if self._playing:
                    self._continue()

    def _play(self) -> None:
        if self._playing:
            return
        if self._position_s >= self.duration_s:
            self._position_s = 0.0
        self._playing = True
        self._start_s = self.now_s() + AHEAD_S - self._position_s
        self._sent_s = self._position_s
        self._hub.send(self._state())

    def _pause(self) -> None:
        if self._playing:
            self._position_s = min(max(self.now_s() - self._start_s, 0.0), self.duration_s)
            self._playing = False
        self._hub.send(self._state())
        self._send_still()

    def _seek(self, position_s: object) -> None:
        if not is_number(position_s):
            raise InputError('position_s must be a number of seconds')
        playing, self._playing = self._playing, False
        self._position_s = min(max(float(position_s), 0.0), self.duration_s)
        if playing:
            self._play()
        else:
            self._pause()

    def _state(self) -> dict[str, Any]:
        """Return the message with the present position; pages then drop all earlier motion."""
        return {
            'type': 'playing' if self._playing else 'paused',
            'start_s': self._start_s,
            'position_s': self._position_s,
        }

    def _continue(self) -> None:
        """Send what is due soon; after the end, begin again or pause."""
        until_s = self.now_s() + AHEAD_S - self._start_s
        self._send(self._sent_s, min(until_s, self.duration_s))
        self._sent_s = until_s
        if self.now_s() - self._start_s < self.duration_s + _PAUSE_S:
            return
        self._playing, self._position_s = False, self.duration_s
        if self._loop:
            self._play()
        else:
            self._pause()

    def _send(self, from_s: float, until_s: float) -> None:
        """Send the frames and sound that begin from `from_s` to before `until_s`."""
        for index, clip in enumerate(self._clips):
            for frame in clip.frames(from_s, until_s):
                self._send_frame(index, frame, self._start_s + clip.time_s(frame))
        piece = round(_SOUND_PIECE_S * self._rate)
        first = math.ceil(from_s * self._rate / piece) * piece
        # Playback that starts within a piece of sound begins with the rest of that piece.
        if from_s > 0 and self._sent_s == self._position_s:
            self._send_sound(round(from_s * self._rate), first)
        for start in range(first, math.ceil(until_s * self._rate), piece):
            self._send_sound(start, start + piece)

    def _send_frame(self, index: int, frame: int, time_s: float) -> None:
        clip = self._clips[index]
        self._hub.send(face_message(index, time_s, clip.motion.weights[frame]))
        self._hub.send(body_message(index, time_s, clip.quaternions[frame]))

    def _send_sound(self, first: int, end: int) -> None:
        samples = self._sound[first:end]
        if len(samples):
            time_s = self._start_s + first / self._rate
            self._hub.send(sound_message(0, time_s, samples, self._rate))

    def _send_still(self) -> None:
        """Send the pose to show while the clip is paused."""
        for index, clip in enumerate(self._clips):
            shown = clip.frames(0.0, self._position_s + 0.5 / clip.motion.fps)
            self._send_frame(index, max(shown.stop - 1, 0), self.now_s())
