"""Binary messages, from the server to real sockets."""

import contextlib
import json

import numpy as np
import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.sync.client import connect

from diffsheg_model.viewer.wire_format import (
    BODY,
    HEAD,
    SOUND,
    body_message,
    face_message,
    sound_message,
)
from tests.support.page_server import address, until


def test_motion_and_sound_arrive_bit_for_bit_at_ten_pages(server):
    weights = np.linspace(0, 1, 51, dtype=np.float32)
    quaternions = np.random.default_rng(0).standard_normal((47, 4)).astype(np.float32)
    samples = np.random.default_rng(1).uniform(-1, 1, 640).astype(np.float32)
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(connect(address(server))) for _ in range(10)]
        for page in pages:
            assert json.loads(page.recv(timeout=5))['sources'][0]['joint_names'] == ['Neck']
        until(lambda: server.hub.client_count == 10)
        server.hub.send(face_message(0, 1.25, weights))
        server.hub.send(body_message(1, 1.5, quaternions))
        server.hub.send(sound_message(0, 1.75, samples, 16000, muted=True))
        for page in pages:
            face, body, sound = (page.recv(timeout=5) for _ in range(3))
            assert np.array_equal(np.frombuffer(face, '<f4', offset=16), weights)
            assert HEAD.unpack_from(body) == (BODY, 1, 0, 0, 1.5)
            assert np.array_equal(np.frombuffer(body, '<f4', offset=16).reshape(47, 4), quaternions)
            assert HEAD.unpack_from(sound) == (SOUND, 0, 1, 16000, 1.75)
            assert np.array_equal(np.frombuffer(sound, '<f4', offset=16), samples)
    until(lambda: server.hub.client_count == 0)
