"""The worker gives the motion that `generate` gives, utterance by utterance."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.session.generate import generate
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.avatar.worker import MotionWorker
from tests.support.bundles import speech_like
from tests.support.motion_worker import (
    CHUNK,
    RATE,
    T0,
    push,
    send,
)


@pytest.mark.parametrize('size', [160, 1600, 100_000])
def test_live_equals_offline_bit_for_bit(worker, receiver, fast_bundle, tiny_engine, size):
    speech = speech_like(6.0)
    send(worker, 'hello', speech, size=size)
    receiver.wait_last('hello')
    offline = generate(fast_bundle, tiny_engine, [speech], RATE)
    live = receiver.motion('hello')
    assert live.rotations.tobytes() == offline.rotations.tobytes()
    assert live.weights.tobytes() == offline.weights.tobytes()
    assert {start for _, _, start, _ in receiver.windows} == {T0}
    stats = worker.stats()
    assert stats.counters.frames == len(offline)
    assert stats.counters.windows == 3
    assert 0 < stats.latency_p50_s <= stats.latency_p95_s
    assert stats.generated_fps > 0
    assert stats.last_error == ''


def test_reordered_and_repeated_chunks_change_nothing(worker, receiver, fast_bundle, tiny_engine):
    speech = speech_like(4.0)
    pieces = [(i, speech[i : i + 800]) for i in range(0, len(speech), 800)]
    order = [p for pair in zip(pieces[1::2], pieces[::2], strict=True) for p in (*pair, pair[0])]
    for first, samples in order[:-3]:
        push(worker, 'x', first, RATE, samples, T0 + first * NS // RATE)
    push(worker, 'x', pieces[-1][0], RATE, pieces[-1][1], T0 + pieces[-1][0] * NS // RATE, True)
    push(worker, 'x', pieces[-2][0], RATE, pieces[-2][1], T0 + pieces[-2][0] * NS // RATE)
    receiver.wait_last('x')
    offline = generate(fast_bundle, tiny_engine, [speech], RATE)
    np.testing.assert_array_equal(receiver.motion('x').rotations, offline.rotations)
    stats = worker.stats()
    assert stats.counters.reordered_chunks == 40
    assert stats.counters.repeated_samples > 0
    assert stats.counters.lost_samples == 0


def test_lost_chunks_are_silence(worker, receiver, fast_bundle, tiny_engine):
    speech = speech_like(4.0)
    silenced = speech.copy()
    silenced[16000:17600] = 0
    for first in range(0, len(speech), CHUNK):
        if first != 16000:
            end = first + CHUNK >= len(speech)
            samples = speech[first : first + CHUNK]
            push(worker, 'x', first, RATE, samples, T0 + first * NS // RATE, end)
    receiver.wait_last('x')
    offline = generate(fast_bundle, tiny_engine, [silenced], RATE)
    np.testing.assert_array_equal(receiver.motion('x').rotations, offline.rotations)
    assert worker.stats().counters.lost_samples == 1600


def test_utterances_follow_each_other(worker, receiver):
    send(worker, 'one', speech_like(3.0))
    send(worker, 'two', speech_like(3.0, seed=1), T0 + 3 * NS)
    receiver.wait_last('two')
    assert [i for _, i, _, _ in receiver.windows] == ['one'] * 2 + ['two'] * 2
    epochs = [epoch for epoch, _, _, _ in receiver.windows]
    assert epochs[0] == epochs[1] < epochs[2] == epochs[3]
    assert {start for _, i, start, _ in receiver.windows if i == 'two'} == {T0 + 3 * NS}
    assert receiver.interrupts == []
    assert worker.stats().counters.utterances == 2


def test_equal_utterances_do_not_move_alike(worker, receiver):
    speech = speech_like(3.0)
    send(worker, 'one', speech)
    send(worker, 'two', speech, T0 + 3 * NS)
    receiver.wait_last('two')
    assert not np.array_equal(receiver.motion('one').rotations, receiver.motion('two').rotations)


def test_a_new_style_holds_from_the_next_window_on(worker, receiver, fast_bundle, tiny_engine):
    worker.set_style(seed=5, speaker=2)
    speech = speech_like(6.0)
    send(worker, 'a', speech, end=False)
    receiver.wait(lambda: receiver.of('a'))
    worker.set_style(seed=7, speaker=1)
    push(worker, 'a', len(speech), RATE, speech[:0], T0, True)
    receiver.wait_last('a')
    offline = generate(
        fast_bundle, tiny_engine, [speech], RATE, seed=5, speaker=2
    )  # fmt: skip
    motion, first = receiver.motion('a'), receiver.of('a')[0].final_frames
    assert motion.rotations[:first].tobytes() == offline.rotations[:first].tobytes()
    assert not np.array_equal(motion.rotations[-30:], offline.rotations[-30:])
    # The utterance after it has it from the start.
    send(worker, 'b', speech)
    receiver.wait_last('b')
    offline = generate(
        fast_bundle, tiny_engine, [speech], RATE, seed=7, speaker=1, utterance=1
    )  # fmt: skip
    assert receiver.motion('b').rotations.tobytes() == offline.rotations.tobytes()
    with pytest.raises(InputError, match='speaker = 9'):
        worker.set_style(seed=0, speaker=9)


def test_rate_change_within_an_utterance_is_rejected_and_the_next_may_differ(worker, receiver):
    speech = speech_like(2.0)
    send(worker, 'x', speech[:16000], end=False)
    assert not push(worker, 'x', 16000, 48000, speech[16000:], T0 + NS)
    send(worker, 'x', speech, first=16000)
    receiver.wait_last('x')
    assert len(receiver.motion('x')) == 30
    assert worker.stats().counters.rate_changes == 1
    send(worker, 'y', speech_like(2.0, 48000), T0 + 3 * NS, rate=48000)
    receiver.wait_last('y')
    assert len(receiver.motion('y')) == 30


@pytest.mark.parametrize(
    'options, message',
    [
        ({'speaker': 99}, 'speaker = 99'),
        ({'seed': -5}, 'seed = -5'),
    ],
)
def test_values_out_of_range_are_named(fast_bundle, tiny_engine, receiver, options, message):
    with pytest.raises(InputError, match=message):
        MotionWorker(
            fast_bundle, tiny_engine, receiver.on_window, session=SessionOptions(**options)
        )


@pytest.mark.parametrize('stamping', ['sent', 'same', 'none', 'clock behind'])
def test_odd_stamps_give_the_motion_of_right_ones_at_its_times(
    worker, receiver, fast_bundle, tiny_engine, stamping
):
    """Chunks of several sizes, sent ten times as fast as they are heard."""
    speech = speech_like(6.0)
    sizes, first = [320, 4000, 41, 1600], 0
    while first < len(speech):
        samples = speech[first : first + sizes[first % len(sizes)]]
        arrival_ns = T0 + first * NS // RATE // 10
        stamp_ns = {
            'sent': arrival_ns,
            'same': T0,
            'none': 0,
            'clock behind': T0 + first * NS // RATE - 30 * NS,
        }[stamping]
        end = first + len(samples) == len(speech)
        assert push(worker, 'odd', first, RATE, samples, stamp_ns, end, arrival_ns)
        first += len(samples)
    receiver.wait_last('odd')
    offline = generate(fast_bundle, tiny_engine, [speech], RATE)
    live = receiver.motion('odd')
    assert live.rotations.tobytes() == offline.rotations.tobytes()
    assert live.weights.tobytes() == offline.weights.tobytes()
    assert {start for _, _, start, _ in receiver.windows} == {T0}
