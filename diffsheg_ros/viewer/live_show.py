"""A show of the published motion and sound for the viewer's pages. Independent of ROS.

The node calls it from its own thread, and the server from another. All times are of the node's
clock. Requests of pages wait in a bounded queue until the node takes them.
"""

import dataclasses
import math
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.avatar_rig import avatar_motion
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import quaternion_from_rotvec, rotvec_from_euler_xyz
from diffsheg_model.time_units import NS
from diffsheg_model.viewer.client import Client
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.show import Source, greeting
from diffsheg_model.viewer.wire_format import body_message, face_message, sound_message
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.speech_feed import SpeechFeed
from diffsheg_ros.capture.page_speech import PageSpeech
from diffsheg_ros.diagnostics.avatar_timing import Interrupts

#: Requests of pages that may wait for the node.
MOST_REQUESTS = 100
#: Nanoseconds that pages get sound before it is heard.
SOUND_AHEAD_NS = NS // 2
#: Nanoseconds after which overdue speech is left out.
OVERDUE_NS = 10 * NS
#: Nanoseconds before the time of missing samples at which waiting for them ends.
_PATIENCE_NS = NS // 10
#: Seconds without the present names of joints or weights after which other names replace them.
NAMES_S = 1.0


@dataclass(frozen=True)
class Request:
    """A request of a page to the avatar.

    Attributes:
        client: the page.
        kind: 'interrupt' or 'set'.
        name: name of the parameter to set.
        value: new value of the parameter.
    """

    client: Client
    kind: str
    name: str = ''
    value: int = 0


class LiveShow:
    """A `Show` of one avatar, or of two side by side.

    Attributes:
        speech: the speech of pages.
    """

    def __init__(self, hub: Hub, names: list[str], now_ns: Callable[[], int]) -> None:
        """Create the show without any motion.

        Args:
            hub: sends the messages to the pages.
            names: names of the one or two avatars that the page displays.
            now_ns: returns the present time of the node's clock.
        """
        self._hub = hub
        self._now_ns = now_ns
        self._figures = [_Figure(Source(name)) for name in names]
        self._requests: queue.Queue[Request] = queue.Queue(MOST_REQUESTS)
        self._clients: dict[int, Client] = {}
        self._status: dict[str, Any] = {}
        self._settings: list[dict[str, Any]] = []
        self._feed = SpeechFeed()
        self._interrupts = Interrupts()
        self.speech = PageSpeech()
        self._skipped = 0

    # Called by the node

    @property
    def skipped(self) -> int:
        """Messages left out as invalid, late, or unsuitable for the figures."""
        return self._skipped + self._feed.left_out

    @property
    def client_count(self) -> int:
        """Number of connected pages."""
        return self._hub.client_count

    def set_delay(self, figure: int, delay_ns: int) -> None:
        """Set the delay of an avatar's motion after its sound."""
        self._figures[figure].delay_ns = delay_ns

    def face(self, figure: int, names: tuple[str, ...], time_ns: int, weights: np.ndarray) -> None:
        """Show a face: weights (W,), 0 to 1."""
        shown = self._figures[figure]
        if shown.face_of_body:
            return
        if not np.isfinite(weights).all():
            self._skipped += 1
            return
        if not self._accepts(figure, dataclasses.replace(shown.source, weight_names=names)):
            return
        self._hub.send(face_message(figure, self._time_s(figure, time_ns), weights))

    def body(
        self, figure: int, joint_names: tuple[str, ...], time_ns: int, angles: np.ndarray
    ) -> None:
        """Show a body: angles (J, 3) of R = Rx Ry Rz, radians.

        Raises:
            InputError: the joints are of an unknown skeleton.
        """
        if not np.isfinite(angles).all():
            self._skipped += 1
            return
        shown = self._figures[figure]
        rotations = rotvec_from_euler_xyz(angles[None])
        nothing = np.zeros((1, 0), np.float32)
        motion = avatar_motion(Motion(1.0, joint_names, rotations, (), nothing))
        changed = dataclasses.replace(shown.source, joint_names=motion.joint_names)
        if motion.weight_names:
            if not shown.face_of_body:
                shown.face_of_body = True
                shown.source = dataclasses.replace(shown.source, weight_names=())
            changed = dataclasses.replace(changed, weight_names=motion.weight_names)
        if not self._accepts(figure, changed):
            return
        time_s = self._time_s(figure, time_ns)
        self._hub.send(body_message(figure, time_s, quaternion_from_rotvec(motion.rotations[0])))
        if shown.face_of_body:
            self._hub.send(face_message(figure, time_s, motion.weights[0]))

    def sound(self, piece: AudioPiece, arrival_ns: int | None = None) -> None:
        """Play speech when its motion is shown; a new utterance interrupts the one before.

        Speech may arrive long before it is heard; `tick` sends it in time.

        Args:
            piece: the speech.
            arrival_ns: time of arrival; None for the present time.
        """
        if not len(piece.samples) and not piece.end:
            return
        if self._feed.hear(piece, self._now_ns() if arrival_ns is None else arrival_ns):
            self._interrupts.cut()
            self._hub.send({'type': 'stop_sound'})

    def tick(self, now_ns: int) -> None:
        """Send the speech that is heard soon; call it several times in `SOUND_AHEAD_NS`.

        Without the avatar's delay there is no sound.
        """
        delay_ns = self._figures[0].delay_ns
        heard_ns = now_ns - (delay_ns or 0)
        over_ns = heard_ns - OVERDUE_NS
        until_ns = over_ns if delay_ns is None else heard_ns + SOUND_AHEAD_NS
        late_ns = heard_ns + _PATIENCE_NS
        for sound in self._feed.due(until_ns, now_ns=now_ns, late_ns=late_ns, over_ns=over_ns):
            if delay_ns is None:
                continue
            samples = np.clip(sound.samples, -1.0, 1.0)
            content = (0, (sound.start_ns + delay_ns) / NS, samples, sound.sample_rate)
            speaker = self._clients.get(self.speech.listener_of(sound.utterance_id) or 0)
            self._hub.send(sound_message(*content), but=speaker)
            if speaker is not None:
                self._hub.send(sound_message(*content, muted=True), to=speaker)

    def interrupt(self) -> None:
        """Stop the speech of pages, and the sound of the present utterance."""
        self._tell_interrupted(self.speech.stop())
        self._interrupts.cut()
        self._silence()

    def update_interrupts(self, count: int) -> None:
        """Use the avatar's count of interrupts.

        Interrupts by a new utterance or a page are known already. If the count is higher, another
        program has interrupted the avatar, and the sound of the present utterance stops.
        """
        if self._interrupts.update(count):
            self._silence()

    def _silence(self) -> None:
        """Stop the sound of the newest utterance, also of chunks that still arrive."""
        self._feed.interrupt()
        self._hub.send({'type': 'stop_sound'})

    def _tell_interrupted(self, speaker: int | None) -> None:
        client = self._clients.get(speaker or 0)
        if client is not None:
            self._hub.send({'type': 'speech_over'}, client)

    def status(self, **values: Any) -> None:
        """Send the avatar's `state`, `utterance_id`, `level`, `message` and `values` to pages."""
        self._status = {
            'type': 'status',
            **values,
            'clients': self._hub.client_count,
            'dropped': self._hub.dropped,
            'skipped': self.skipped + self.speech.dropped,
        }
        self._hub.send(self._status)

    def settings(self, settings: list[dict[str, Any]]) -> None:
        """Set the avatar's parameters that pages show and may change; see `panel.js`."""
        self._settings = settings
        self._hub.send(self._settings_message())

    def tell(self, client: Client, text: str) -> None:
        """Show a notice on one page."""
        self._hub.send({'type': 'notice', 'message': text}, client)

    def requests(self) -> list[Request]:
        """Return the requests of pages since the last call."""
        taken = []
        while not self._requests.empty():
            taken.append(self._requests.get_nowait())
        return taken

    # Called by the server

    def now_s(self) -> float:
        return self._now_ns() / NS

    def greeting(self) -> dict[str, Any]:
        return greeting([figure.source for figure in self._figures], mode='live')

    def on_join(self, client: Client) -> None:
        self._clients[client.number] = client
        if self._status:
            self._hub.send(self._status, client)
        self._hub.send(self._settings_message(), client)

    def on_message(self, client: Client, message: dict[str, Any]) -> None:
        kind = message['type']
        if kind == 'interrupt':
            self._ask(Request(client, 'interrupt'))
        elif kind == 'set':
            name, value = message.get('name'), message.get('value')
            if name not in [setting['name'] for setting in self._settings]:
                raise InputError(f'the avatar has no setting {str(name)[:40]!r} for pages')
            if type(value) is not int or abs(value) >= 2**63:
                raise InputError(f'{name} must be a whole number')
            self._ask(Request(client, 'set', str(name), value))
        elif kind == 'speech_begin':
            kind_, name, rate = (message.get(key) for key in ('kind', 'name', 'rate'))
            interrupted = self.speech.begin(client.number, kind_, name, rate, self._now_ns())
            if interrupted != client.number:
                self._tell_interrupted(interrupted)
        elif kind == 'speech_end':
            self.speech.end(client.number)
        else:
            raise InputError(f'a live avatar has no request {kind[:40]!r}')

    def on_bytes(self, client: Client, data: bytes) -> None:
        self.speech.add(client.number, data)

    def on_leave(self, client: Client) -> None:
        self._clients.pop(client.number, None)
        self.speech.leave(client.number)

    def _ask(self, request: Request) -> None:
        try:
            self._requests.put_nowait(request)
        except queue.Full:
            raise InputError('the viewer is busy; ask again in a moment') from None

    def _settings_message(self) -> dict[str, Any]:
        return {'type': 'settings', 'settings': self._settings}

    def _accepts(self, figure: int, source: Source) -> bool:
        """Return True if a message with these names is shown; new names restart all pages.

        Two publishers on one topic would restart the pages all the time. So other names are
        accepted only when the present ones have not been seen for `NAMES_S`.
        """
        shown, now_s = self._figures[figure], time.monotonic()
        if source == shown.source:
            shown.seen_s = now_s
            return True
        new_parts = [
            bool(before) and before != after
            for before, after in (
                (shown.source.joint_names, source.joint_names),
                (shown.source.weight_names, source.weight_names),
            )
        ]
        if any(new_parts) and now_s - shown.seen_s < NAMES_S:
            self._skipped += 1
            return False
        shown.source, shown.seen_s = source, now_s
        self._hub.send(self.greeting())
        return True

    def _time_s(self, figure: int, time_ns: int) -> float:
        """Return the show's time of a stamp: the first avatar's, which the sound follows."""
        first, own = (self._figures[index].delay_ns or 0 for index in (0, figure))
        return (time_ns + first - own) / NS


@dataclass
class _Figure:
    source: Source
    delay_ns: int | None = None  # None before the avatar has reported it
    face_of_body: bool = False  # the jaw joint moves the face; there are no blendshapes
    seen_s: float = -math.inf  # time at which the present names were last seen
