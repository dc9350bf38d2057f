"""A viewer's server as a process of its own, which shows moving figures at 60 poses a second.

    python tests/support/viewer_stage.py [LIMITS as JSON]

It prints its address. For every line on its standard input it prints the counts of closed
connections as JSON. It ends at the end of its input.
"""

import json
import sys
import threading
import time

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.viewer.connections import ConnectionLimits
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from diffsheg_model.viewer.show import Source, greeting
from diffsheg_model.viewer.wire_format import body_message, face_message, sound_message

RATE_HZ = 60


class Moving:
    """A show that accepts every message and answers none."""

    def now_s(self) -> float:
        return time.monotonic()

    def greeting(self):
        return greeting([Source('one', ('Neck',) * 47, ('jawOpen',) * 51)], mode='live')

    def on_join(self, client) -> None:
        pass

    def on_message(self, client, message) -> None:
        if message['type'] != 'hello':
            raise InputError(f'unknown: {message["type"]}')

    def on_bytes(self, client, data) -> None:
        pass

    def on_leave(self, client) -> None:
        pass


def move(hub: Hub) -> None:
    face, body = np.zeros(51, np.float32), np.zeros((47, 4), np.float32)
    sound = np.zeros(16000 // RATE_HZ, np.float32)
    next_s = time.monotonic()
    while True:
        now_s = time.monotonic()
        hub.send(face_message(0, now_s, face))
        hub.send(body_message(0, now_s, body))
        hub.send(sound_message(0, now_s, sound, 16000))
        next_s += 1 / RATE_HZ
        time.sleep(max(0.0, next_s - time.monotonic()))


def main() -> None:
    hub = Hub()
    given = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    server = ViewerServer(Moving(), hub, limits=ConnectionLimits(**given))
    server.start()
    threading.Thread(target=move, args=(hub,), daemon=True).start()
    print(server.url, flush=True)
    for _ in sys.stdin:
        print(json.dumps(server.closed), flush=True)
    server.stop()


if __name__ == '__main__':
    main()
