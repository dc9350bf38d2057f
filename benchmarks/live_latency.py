"""Latency and CPU use of a real avatar, measured through DDS."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.live_settings import Setting
from benchmarks.live_speech import Spoken, latencies_s
from benchmarks.live_stage import AVATAR, Stage
from benchmarks.samplers import Row
from benchmarks.takes import Speech
from diffsheg_model.time_units import NS

PAUSE_S = 1.0
"""Seconds of silence between repetitions of the recording; each is an utterance."""

COUNTED = ('underruns', 'late_windows', 'long_hops', 'lost_samples', 'drops', 'heard_chunks')


@dataclass(frozen=True)
class Avatar:
    """Parameters of the avatar node that all rows share."""

    bundle: str
    engine: str
    engine_threads: int


def measure(
    setting: Setting, avatar: Avatar, speech: Speech, seconds: float, say: Callable[[str], None]
) -> Row:
    """Speak to an avatar in real time and measure the latency of its face.

    A face message stamped s shows the sample heard at s - playout delay. The chunk of that sample
    is published right after its last sample was heard. The latency is the time from publishing the
    chunk to receiving the face message, both by this process's clock.

    Args:
        setting: live settings of the avatar.
        avatar: its other parameters.
        speech: recording to repeat.
        seconds: seconds of speech, without pauses.
        say: called with lines about the progress.
    """
    own = {name: value for name, value in dataclasses.asdict(setting).items() if value != ''}
    with Stage(dataclasses.asdict(avatar) | own) as stage:
        before = stage.reports()[AVATAR]
        delay_ns = round(float(before['playout_delay_s']) * NS)
        begin_s, used_s = time.monotonic(), stage.usages()['avatar'].cpu_s
        said: list[tuple[Spoken, np.ndarray]] = []
        left = round(seconds * speech.rate)
        while left > 0:
            samples = speech.samples[:left]
            left -= len(samples)
            start_ns = time.time_ns() + round(PAUSE_S * NS)
            spoken = Spoken(f'round {len(said)}', samples, speech.rate, start_ns)
            said.append((spoken, stage.say(spoken)))
            done_s = seconds - left / speech.rate
            underruns = _rise(before, stage.ear.reports[AVATAR], 'underruns')
            say(f'{setting}: said {done_s:.0f} of {seconds:g} s, under-runs {underruns}')
        cpu = (stage.usages()['avatar'].cpu_s - used_s) / (time.monotonic() - begin_s)
        stage.wait_until(said[-1][0].end_ns + delay_ns)
        after = stage.reports()[AVATAR]
        faces = stage.ear.faces()
        latencies = np.concatenate(
            [latencies_s(faces, spoken, published, delay_ns) for spoken, published in said]
        )
        sent = stage.sent
    rises = {name: _rise(before, after, name) for name in COUNTED}
    return {
        'p50_ms': 1000 * float(np.percentile(latencies, 50)),
        'p95_ms': 1000 * float(np.percentile(latencies, 95)),
        'max_ms': 1000 * float(latencies.max()),
        'faces': len(latencies),
        'said_s': seconds,
        'playout_delay_s': float(after['playout_delay_s']),
        'cpu_percent': 100 * cpu,
        'window_p50_ms': 1000 * float(after['window_p50_s']),
        'window_p95_ms': 1000 * float(after['window_p95_s']),
        'planned_p50_ms': 1000 * float(after['latency_p50_s']),
        'planned_p95_ms': 1000 * float(after['latency_p95_s']),
        'lost_chunks': sent - rises.pop('heard_chunks'),
        **rises,
    }


def _rise(before: dict[str, str], after: dict[str, str], name: str) -> int:
    return int(after[name]) - int(before[name])
