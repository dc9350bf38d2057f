"""Checks of an avatar's motion after a fault."""

import math
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine
from diffsheg_model.motion.motion import Motion
from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.ros import messages
from tests.support.bundles import speech_like
from tests.support.fault_world import DELAY_S, RATE, WatchedAvatar, now_ns, stamps
from tests.support.ros_world import Watcher

FPS = 15
#: The fastest changes here: what the calm bundle moves, and a blend beside it. A jump within a
#: publishing period is several times as fast.
MOST_RAD_S = 12.0
MOST_WEIGHT_S = 6.0


def check_sane(ears: Watcher, since: int = 0, clock_jumps: bool = False) -> None:
    """All that was shown is finite, within its range, and nothing in it jumps.

    Args:
        ears: the watcher of its topics.
        since: index of the first pose that counts.
        clock_jumps: whether the time may have jumped; the pose must not have.
    """

    def spans(heard: list[Any]) -> np.ndarray:
        seconds = np.diff(stamps(heard)) / NS
        if clock_jumps:
            return np.where((seconds > 0) & (seconds < 1), seconds, 0.01)
        assert (seconds > 0).all()
        return seconds

    weights = np.array([face.weights for face in ears.faces[since:]])
    assert np.isfinite(weights).all() and weights.min() >= 0 and weights.max() <= 1
    seconds = spans(ears.faces[since:])
    speeds = np.abs(np.diff(weights, axis=0)) / seconds[:, None]
    assert speeds.max() < MOST_WEIGHT_S
    angles = np.array([joints.position for joints in ears.joints[since:]])
    assert np.isfinite(angles).all()
    turns = Rotation.from_euler('XYZ', angles.reshape(-1, 3))
    count = angles.shape[1] // 3
    way = (turns[count:] * turns[:-count].inv()).magnitude().reshape(-1, count)
    seconds = spans(ears.joints[since:])
    assert (way / seconds[:, None]).max() < MOST_RAD_S
    for message in ears.joint_stretches:
        motion = messages.read_joint_trajectory(message)
        assert np.isfinite(motion.angles).all() and np.isfinite(motion.velocities).all()


def check_planned(avatar: WatchedAvatar, motion: Motion, utterance_id: str, start_ns: int) -> None:
    """Waits until an utterance is planned; it must be this motion, from its way out of rest on.

    Args:
        avatar: the avatar to speak to.
        motion: as generated from a file.
        utterance_id, start_ns: of the utterance.
    """
    shown_ns = start_ns + round(DELAY_S * NS)
    frames = range(math.ceil(0.5 * FPS), len(motion))

    def planned() -> np.ndarray:
        """(F, W) the face as planned by now: a newer stretch replaces an older one."""
        rows: dict[int, np.ndarray] = {}
        for message in avatar.ears.face_stretches:
            if message.utterance_id == utterance_id:
                face = messages.read_face_trajectory(message)
                first = round((face.times_ns[0] - shown_ns) / NS * FPS)
                rows = {frame: row for frame, row in rows.items() if frame < first}
                rows |= {first + index: row for index, row in enumerate(face.weights)}
        return np.array([rows[frame] for frame in frames if frame in rows])

    def is_planned() -> bool:
        rows = planned()
        return len(rows) == len(frames) and np.allclose(rows, motion.weights[frames], 0, 1e-6)

    try:
        avatar.until(is_planned, 20.0)
    except AssertionError:
        np.testing.assert_allclose(planned(), motion.weights[frames], rtol=0, atol=1e-6)
        raise


def check_shown(
    avatar: WatchedAvatar, motion: Motion, utterance_id: str, start_ns: int, since: int = 0
) -> None:
    """Waits until an utterance was shown, as planned, from its first to its last frame.

    Args:
        avatar, motion, utterance_id, start_ns: see `check_planned`.
        since: index of the first pose that counts, where a clock has jumped.
    """
    check_planned(avatar, motion, utterance_id, start_ns)
    ears = avatar.ears
    shown_ns = start_ns + round(DELAY_S * NS)
    end_ns = shown_ns + round(len(motion) / FPS * NS)
    avatar.until(lambda: stamps(ears.faces[-1:])[0] > end_ns)
    times = stamps(ears.faces[since:])
    inside = np.flatnonzero((times > shown_ns) & (times < end_ns - NS // 2))
    names = {ears.faces[since + index].utterance_id for index in inside}
    assert names == {utterance_id}


def say_and_check(
    avatar: WatchedAvatar,
    bundle: Bundle,
    engine: Engine,
    ordinal: int,
    *,
    utterance_id: str = 'clean',
    seconds: float = 2.4,
    rate: int = RATE,
    seed: int = 0,
    ahead_s: float = 0.0,
    at_ns: int | None = None,
    shown: bool = True,
) -> None:
    """An utterance as it should be must be planned and shown as it is generated from a file.

    Args:
        avatar: the avatar to speak to.
        bundle, engine: the avatar's model.
        ordinal: of the utterance since the avatar was activated.
        utterance_id, seconds, rate: of what is said.
        seed: the avatar's.
        ahead_s: how long before its time it is sent.
        at_ns: the avatar's time; left out, it is this machine's.
        shown: whether to wait until it was shown, too.
    """
    speech = speech_like(seconds, rate, seed=seed + 11)
    motion = generate(bundle, engine, [speech], rate, seed=seed, utterance=ordinal)
    start_ns = (now_ns() if at_ns is None else at_ns) + round(ahead_s * NS)
    since = len(avatar.ears.faces)
    avatar.say(speech, utterance_id, start_ns=start_ns, rate=rate)
    if shown:
        check_shown(avatar, motion, utterance_id, start_ns, since)
    else:
        check_planned(avatar, motion, utterance_id, start_ns)
