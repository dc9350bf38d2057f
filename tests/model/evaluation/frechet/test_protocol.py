"""The record of an auto-encoder."""

import dataclasses
from pathlib import Path

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.protocol import (
    Protocol,
    group_channels,
    parse_protocol,
    protocol_text,
)
from diffsheg_model.motion.formats import BEAT, SHOW

PROTOCOL = Protocol(
    format=BEAT,
    channels='gesture',
    window_frames=34,
    stride=10,
    latent_dim=32,
    hidden_dim=64,
    batch_size=128,
    learning_rate=5e-4,
    seed=0,
    data_sha256='0' * 64,
    takes=3,
    windows=200,
    held_out_windows=20,
    steps=100,
    minutes=1.5,
    unexplained=0.1,
)


def parsed(protocol: Protocol, weights: str = '1' * 64) -> tuple[Protocol, str, str]:
    return parse_protocol(protocol_text(protocol, weights).encode(), Path('record.json'))


def test_a_record_is_read_as_written_and_its_id_ignores_the_minutes() -> None:
    protocol, weights, id_ = parsed(PROTOCOL)
    assert (protocol, weights) == (PROTOCOL, '1' * 64)
    assert parsed(dataclasses.replace(PROTOCOL, minutes=9.0))[2] == id_
    assert parsed(dataclasses.replace(PROTOCOL, seed=1))[2] != id_
    assert parsed(PROTOCOL, '2' * 64)[2] != id_


def test_channels_of_a_group_and_its_distance() -> None:
    assert group_channels(BEAT, 'gesture') == slice(0, 141)
    assert group_channels(BEAT, 'expression') == slice(141, 192)
    assert PROTOCOL.distance == 'FGD' and PROTOCOL.windows_needed == 33
    assert PROTOCOL.fits(dataclasses.replace(BEAT, window_frames=20)) and not PROTOCOL.fits(SHOW)


@pytest.mark.parametrize('text', [b'{', b'[]', b'{"kind": "other"}'])
def test_something_else_is_refused(text: bytes) -> None:
    with pytest.raises(InputError, match=r'record\.json'):
        parse_protocol(text, Path('record.json'))


def test_sizes_are_checked() -> None:
    with pytest.raises(InputError, match='stride = 0: must be at least 1'):
        dataclasses.replace(PROTOCOL, stride=0)
