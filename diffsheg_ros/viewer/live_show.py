"""What is published, as a show for the viewer's pages. No ROS in it.

The node calls it from its own thread and the server from another: times are those of the node's
clock, and what pages ask for waits in a bounded queue until the node takes it.
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

#: Requests that may wait for the node.
MOST_REQUESTS = 100
#: A page gets sound so long before it is heard.
SOUND_AHEAD_NS = NS // 2
#: Speech that was to be heard longer ago than this is left out.
OVERDUE_NS = 10 * NS
#: Missing samples are not waited for any more so long before they are heard.
_PATIENCE_NS = NS // 10
#: Names of joints or weights that were not seen for so long are no longer those of the avatar.
NAMES_S = 1.0


@dataclass(frozen=True)
class Request:
    """What a page asks of the avatar.

    Attributes:
        client: who asks.
        kind: 'interrupt' or 'set'.
        name: of the parameter to set.
        value: its value.
    """

    client: Client
    kind: str
    name: str = ''
    value: int = 0


class LiveShow:
    """A `Show` of one avatar, or of two beside each other.

    Attributes:
        speech: what pages say.
    """

    def __init__(self, hub: Hub, names: list[str], now_ns: Callable[[], int]) -> None:
        """Shows nothing yet.

        Args:
            hub: what is sent through.
            names: of the one or two avatars, for people.
            now_ns: the clock of all stamps.
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

    # From the node

    @property
    def skipped(self) -> int:
        """Messages left out: they fit no figure, are no motion or sound, or came too late."""
        return self._skipped + self._feed.left_out

    @property
    def client_count(self) -> int:
        """How many pages look on."""
        return self._hub.client_count

    def set_delay(self, figure: int, delay_ns: int) -> None:
        """Says how long after its sound an avatar's motion is shown."""
        self._figures[figure].delay_ns = delay_ns

    def face(self, figure: int, names: tuple[str, ...], time_ns: int, weights: np.ndarray) -> None:
        """Shows the face of a moment: weights (W,), 0 to 1."""
        shown = self._figures[figure]
        if shown.face_of_body:
            return
        if not np.isfinite(weights).all():
            self._skipped += 1
            return
        if not self._takes(figure, dataclasses.replace(shown.source, weight_names=names)):
            return
        self._hub.send(face_message(figure, self._time_s(figure, time_ns), weights))

    def body(
        self, figure: int, joint_names: tuple[str, ...], time_ns: int, angles: np.ndarray
    ) -> None:
        """Shows the body of a moment: angles (J, 3) of R = Rx Ry Rz, radians.

        Raises:
            InputError: the joints are of no skeleton that the figure has.
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
        if not self._takes(figure, changed):
            return
        time_s = self._time_s(figure, time_ns)
        self._hub.send(body_message(figure, time_s, quaternion_from_rotvec(motion.rotations[0])))
        if shown.face_of_body:
            self._hub.send(face_message(figure, time_s, motion.weights[0]))

    def sound(self, piece: AudioPiece, arrival_ns: int | None = None) -> None:
        """Let speech be heard when its motion is shown; a new utterance cuts off the one before.

        Speech may come long before it is heard; `tick` sends it on in time.

        Args:
            piece: the speech.
            arrival_ns: when it came; now where left out.
        """
        if not len(piece.samples) and not piece.end:
            return
        if self._feed.hear(piece, self._now_ns() if arrival_ns is None else arrival_ns):
            self._interrupts.cut()
            self._hub.send({'type': 'stop_sound'})

    def tick(self, now_ns: int) -> None:
        """Send the speech that is heard soon; called some times in `SOUND_AHEAD_NS`.

        Nothing is heard before the avatar has said how long after its sound the motion is shown.
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
        """Nothing more is said by pages, and nothing more is heard of what was said."""
        self._tell_cut_off(self.speech.stop())
        self._interrupts.cut()
        self._silence()

    def told_of_interrupts(self, count: int) -> None:
        """Takes the avatar's count of interrupts.

        What a new utterance or a page has interrupted is known here already; if there is more,
        somebody else has, and the rest of the speech is not heard here either.
        """
        if self._interrupts.told(count):
            self._silence()

    def _silence(self) -> None:
        """Nothing more is heard of the newest utterance, even if more of it comes."""
        self._feed.interrupt()
        self._hub.send({'type': 'stop_sound'})

    def _tell_cut_off(self, speaker: int | None) -> None:
        client = self._clients.get(speaker or 0)
        if client is not None:
            self._hub.send({'type': 'speech_over'}, client)

    def status(self, **values: Any) -> None:
        """Says what the avatar does: `state`, `utterance_id`, `level`, `message`, `values`."""
        self._status = {
            'type': 'status',
            **values,
            'clients': self._hub.client_count,
            'dropped': self._hub.dropped,
            'skipped': self.skipped + self.speech.dropped,
        }
        self._hub.send(self._status)

    def settings(self, settings: list[dict[str, Any]]) -> None:
        """Says which parameters of the avatar a page may show or change; see `panel.js`."""
        self._settings = settings
        self._hub.send(self._settings_message())

    def tell(self, client: Client, text: str) -> None:
        """Tells one page something."""
        self._hub.send({'type': 'notice', 'message': text}, client)

    def requests(self) -> list[Request]:
        """What pages have asked for since the last call."""
        taken = []
        while not self._requests.empty():
            taken.append(self._requests.get_nowait())
        return taken

    # From the server

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
            cut_off = self.speech.begin(client.number, kind_, name, rate, self._now_ns())
            if cut_off != client.number:
                self._tell_cut_off(cut_off)
        elif kind == 'speech_end':
            self.speech.end(client.number)
        else:
            raise InputError(f'a live avatar knows no {kind[:40]!r}')

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

    def _takes(self, figure: int, source: Source) -> bool:
        """Whether a message of these names is shown; if they are new, all pages begin anew.

        Two publishers on one topic would make them begin anew all the time: other names are taken
        when the present ones have not been seen for a while.
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
        """The show's time of a stamp: that of the first avatar, which the sound follows."""
        first, own = (self._figures[index].delay_ns or 0 for index in (0, figure))
        return (time_ns + first - own) / NS


@dataclass
class _Figure:
    source: Source
    delay_ns: int | None = None  # None before the avatar has said
    face_of_body: bool = False  # the body's jaw moves the face; there are no blendshapes
    seen_s: float = -math.inf  # when the present names were last seen
