"""What a show sends, as a list, without a server."""

import json

import numpy as np

from diffsheg_model.viewer.guest import Guest
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.wire import HEAD


class Ear(Hub):
    """A hub whose guests hear at once; what they hear is unpacked.

    Attributes:
        heard: by guest number, messages as dicts, or (kind, source, flags, rate, time_s, values).
    """

    def __init__(self, guests: int = 1) -> None:
        super().__init__()
        self.heard = {number + 1: [] for number in range(guests)}
        for _ in range(guests):
            self.join()

    def guest(self, number: int) -> Guest:
        return self._guests[number]

    def send(self, message, to=None, but=None) -> None:
        for number in self.heard:
            guest = self._guests[number]
            if guest is not but and to in (None, guest):
                self.heard[number].append(unpacked(message))

    def take(self, number: int = 1) -> list:
        taken, self.heard[number] = self.heard[number], []
        return taken


def unpacked(message):
    if not isinstance(message, bytes):
        return json.loads(json.dumps(message, allow_nan=False))
    return (*HEAD.unpack_from(message), np.frombuffer(message, '<f4', offset=HEAD.size))
