"""The messages of a show as a list, without a server."""

import json

import numpy as np

from diffsheg_model.viewer.client import Client
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.wire_format import HEAD


class Ear(Hub):
    """A hub with immediate delivery; what they hear is unpacked.

    Attributes:
        heard: by client number, messages as dicts, or (kind, source, flags, rate, time_s, values).
    """

    def __init__(self, clients: int = 1) -> None:
        super().__init__()
        self.heard = {number + 1: [] for number in range(clients)}
        for _ in range(clients):
            self.join()

    def client(self, number: int) -> Client:
        return self._clients[number]

    def send(self, message, to=None, but=None) -> None:
        for number in self.heard:
            client = self._clients[number]
            if client is not but and to in (None, client):
                self.heard[number].append(unpacked(message))

    def take(self, number: int = 1) -> list:
        taken, self.heard[number] = self.heard[number], []
        return taken


def unpacked(message):
    if not isinstance(message, bytes):
        return json.loads(json.dumps(message, allow_nan=False))
    return (*HEAD.unpack_from(message), np.frombuffer(message, '<f4', offset=HEAD.size))
