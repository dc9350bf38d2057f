"""Avatars as processes: killed and started again, stopped at bad moments, beside each other."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.messages import AudioPiece
from tests.support.bundles import speech_like
from tests.support.fault_checks import check_sane, check_shown
from tests.support.fault_world import CHUNK, LIMIT_S, LIVE, RATE, now_ns
from tests.support.ros_world import Watcher

pytestmark = pytest.mark.ros


@contextmanager
def talking(ears: Watcher, utterance_id: str) -> Iterator[None]:
    """Speaks on and on, in time, whatever else the test does meanwhile."""
    speech = np.tile(speech_like(10.0), 12)
    silent = threading.Event()

    def go_on() -> None:
        start_ns, said = now_ns(), 0
        while not silent.wait(0.02):
            while start_ns + (said + CHUNK) * NS // RATE <= now_ns():
                time_ns = start_ns + said * NS // RATE
                piece = AudioPiece(utterance_id, said, RATE, speech[said:][:CHUNK], time_ns, False)
                ears.mouth.publish(messages.audio_chunk(piece))
                said += CHUNK

    speaker = threading.Thread(target=go_on)
    speaker.start()
    try:
        yield
    finally:
        silent.set()
        speaker.join()


def test_killed_and_started_again_it_joins_what_is_being_said(start_avatar):
    first = start_avatar(**LIVE)
    ears = first.ears
    with talking(ears, 'long'):
        first.until(lambda: ears.faces[-1].utterance_id == 'long')
        first.process.kill()
        assert first.process.wait(LIMIT_S) == -signal.SIGKILL
        faces = len(ears.faces)
        second = start_avatar(ears=ears, **LIVE)

        def is_moving() -> bool:
            spoken = [face.weights for face in ears.faces[faces:] if face.utterance_id == 'long']
            return len(spoken) > 0 and np.std(spoken, axis=0).max() > 0.003

        second.until(is_moving)
        check_sane(ears, since=faces)
        second.until_counted(utterances=1, resyncs=0, lost_samples=0, stalls=0)


def test_stopped_while_it_loads_it_ends_cleanly(start_avatar):
    avatar = start_avatar(until_heard=False)
    avatar.until(lambda: ('avatar', '/') in avatar.ears.get_node_names_and_namespaces())
    avatar.process.send_signal(signal.SIGINT)
    assert avatar.process.wait(LIMIT_S) == 0, avatar.output()
    assert 'Traceback' not in avatar.output()


def test_two_avatars_that_speak_at_once_do_not_mix(start_avatar, calm_bundle, calm_engine):
    styles = {'/one': {'seed': 1, 'style': 0}, '/two': {'seed': 2, 'style': 3}}
    avatars = [
        start_avatar(namespace, until_heard=False, **style) for namespace, style in styles.items()
    ]
    for avatar in avatars:
        avatar.until_heard()
    speeches = [speech_like(2.4, seed=index) for index in range(2)]
    # The same name, at the same time: only the namespace keeps them apart.
    start_ns = now_ns() + NS // 2
    for avatar, speech in zip(avatars, speeches, strict=True):
        avatar.say(speech, 'same', start_ns=start_ns)
    for avatar, speech, style in zip(avatars, speeches, styles.values(), strict=True):
        motion = generate(
            calm_bundle, calm_engine, [speech], RATE, seed=style['seed'], speaker=style['style']
        )
        check_shown(avatar, motion, 'same', start_ns)
        check_sane(avatar.ears)
        names = {status.name for status in avatar.ears.statuses}
        assert names == {'one/avatar: motion', 'two/avatar: motion'}
