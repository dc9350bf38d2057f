"""The bounded queue of messages for a page."""

import numpy as np

from diffsheg_model.viewer.client import LIMIT, LIMIT_BYTES, Client
from diffsheg_model.viewer.wire_format import HEAD, face_message, sound_message


def test_a_page_that_does_not_read_loses_only_old_motion():
    client = Client(1)
    client.put('first')
    for index in range(LIMIT + 50):
        client.put(face_message(0, float(index), np.zeros(1)))
    client.put('last')
    assert client.dropped == 52
    waiting = list(client._waiting)
    assert waiting[0] == 'first' and waiting[-1] == 'last' and len(waiting) == LIMIT
    times = [HEAD.unpack_from(message)[4] for message in waiting[1:-1]]
    assert times == list(np.arange(52.0, LIMIT + 50))


def test_a_page_that_slept_through_a_speech_still_gets_all_texts():
    client = Client(1)
    client.put('greeting')
    for index in range(2 * LIMIT):
        client.put(sound_message(0, float(index), np.zeros(1), 16000))
    client.put('stop_sound')
    assert [item for item in client._waiting if isinstance(item, str)] == ['greeting', 'stop_sound']


def test_the_queue_of_a_page_is_bounded_in_bytes():
    client = Client(1)
    client.put('greeting')
    for index in range(100):
        client.put(sound_message(0, float(index), [0.0] * 50_000, 16000))
        assert sum(map(len, client._waiting)) <= LIMIT_BYTES
    assert client._waiting[0] == 'greeting' and client.dropped > 70
    one = Client(2)
    one.put(bytes(2 * LIMIT_BYTES))
    one.put('next')
    assert list(one._waiting) == ['next']
