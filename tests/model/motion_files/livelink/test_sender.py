"""Live Link packets byte for byte as another implementation has them, over a real socket."""

import re

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.livelink.curves import LIVELINK_CURVES
from diffsheg_model.motion_files.livelink.sender import (
    LiveLinkSender,
    livelink_packet,
    split_target,
)
from tests.support.live_link import decoded, other, receiver  # noqa: F401

DEVICE = '0F0A0C1D-7E7B-4C5E-9E56-3B7C56D8A1C2'


def test_the_order_is_that_of_the_other_implementation(other):
    assert tuple(curve.name for curve in other.FaceBlendShape) == LIVELINK_CURVES


@pytest.mark.parametrize('name', ['diffsheg', 'a', 'x' * 255])
def test_packets_are_byte_for_byte_the_same(other, name):
    curves = np.random.default_rng(0).uniform(-1, 1, 61)
    theirs = other.PyLiveLinkFace(name=name, uuid=DEVICE, fps=60)
    for curve, value in zip(other.FaceBlendShape, curves.tolist(), strict=True):
        theirs.set_blendshape(curve, value, no_filter=True)
    # Theirs takes the frame from the clock as it encodes.
    expected = theirs.encode()
    frame = int.from_bytes(expected[45 + len(name) :][:4], 'big')
    subframe = np.frombuffer(expected[49 + len(name) :][:4], '>f4')[0]
    ours = livelink_packet(DEVICE, name, frame, 60, curves, float(subframe))
    assert ours == expected
    face = decoded(other, ours)
    assert (face.name, face.fps, face._version, face._frames) == (name, 60, 6, frame)
    assert np.allclose(face._blend_shapes, curves, atol=1e-7)


def test_it_arrives(receiver, other):
    with LiveLinkSender(receiver.target, 60, 'Ada', first_frame=1000) as sender:
        sender.send(np.full(61, 0.25))
        sender.send(np.full(61, 0.5), frames=3)
        assert sender.sent == 2
    first, second = (decoded(other, receiver.receive()) for _ in range(2))
    assert (first.name, first._frames, second._frames) == ('Ada', 1000, 1003)
    assert set(first._blend_shapes) == {0.25} and set(second._blend_shapes) == {0.5}
    assert re.fullmatch(r'\$[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}', first.uuid)
    assert first.uuid == second.uuid


def test_frames_begin_anew_at_midnight(receiver, other):
    with LiveLinkSender(receiver.target, 60, first_frame=24 * 3600 * 60 - 1) as sender:
        for _ in range(3):
            sender.send(np.zeros(61))
    frames = [decoded(other, receiver.receive())._frames for _ in range(3)]
    assert frames == [24 * 3600 * 60 - 1, 0, 1]


def test_nobody_listening_is_no_error(receiver):
    receiver.close()
    with LiveLinkSender(receiver.target, 60) as sender:
        for _ in range(3):
            sender.send(np.zeros(61))


def test_targets():
    assert split_target('127.0.0.1:4000') == ('127.0.0.1', 4000)
    assert split_target('studio.local') == ('studio.local', 11111)
    assert split_target('[::1]:4000') == ('::1', 4000)
    assert split_target('[::1]') == ('::1', 11111)
    for target in ('', ':4000', 'a b', 'host:', 'host:x', '::1', 'http://host'):
        with pytest.raises(InputError, match='give HOST:PORT'):
            split_target(target)
    for port in (0, 65536, -1):
        with pytest.raises(InputError, match=f'port {port} of .*: must be from 1 to 65535'):
            split_target(f'127.0.0.1:{port}')
    with pytest.raises(InputError, match=r'cannot find nowhere\.invalid'):
        LiveLinkSender('nowhere.invalid', 60)
    for name in ('', ' ', 'ä' * 128, 'A\udcff'):
        with pytest.raises(InputError, match='Live Link name'):
            LiveLinkSender('127.0.0.1', 60, name)
