"""Whether the speech is heard as it should be, from what a speaker counts and measures. No ROS."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.diagnostics.counters import SHARED_NEWS
from diffsheg_ros.diagnostics.report import ERROR, WARN, Report, Rises, report
from diffsheg_ros.speaker.speaker import Speaker

#: Sound and motion are apart when they differ by more than a frame.
MOST_ERROR_S = 1 / 15

#: Counters whose rise is worth a word, beside those that the avatar has too.
_OWN_NEWS = {
    'dropped_chunks': (WARN, 'speech was dropped because too much of it waits (max_queue_s)'),
    'device_underruns': (WARN, 'the loudspeaker ran dry: free the CPU, or raise latency_s'),
    'starvations': (
        WARN,
        "speech came after its time: raise the avatar's playout_delay_s, or check the clocks",
    ),
    'skips': (WARN, 'speech skipped to be in time: stamps or the loudspeaker have jumped'),
}
_NEWS = _OWN_NEWS | SHARED_NEWS


@dataclass(frozen=True)
class Facts:
    """What the node knows beside what its `Speaker` does.

    Attributes:
        device: name of the loudspeaker.
        sample_rate: its rate, Hz.
        latency_s: from giving it samples to hearing them.
        wrong: what is wrong with it, or empty.
        muted: why nothing is heard, or empty.
        counters: what the node counts itself.
        last_refusal: topic and reason of the newest refused message.
    """

    device: str
    sample_rate: int
    latency_s: float
    wrong: str
    muted: str
    counters: dict[str, int]
    last_refusal: str = ''


class SpeakerHealth:
    """Judges a speaker once a second."""

    def __init__(self) -> None:
        self._rises = Rises()

    def report(self, now_s: float, speaker: Speaker, facts: Facts) -> Report:
        """The status of now; `now_s` of any clock that only goes forward."""
        errors_s = speaker.sync_errors_s()
        error_s = float(np.median(errors_s)) if len(errors_s) else 0.0
        counters = speaker.counters() | facts.counters
        told = {'last_refusal': facts.last_refusal, 'last_error': ''}
        words = []
        if facts.wrong:
            words.append((ERROR, facts.wrong))
        if facts.muted:
            words.append((WARN, facts.muted))
        if speaker.delay_ns is None:
            words.append(
                (
                    WARN,
                    'waiting for the avatar to report its playout delay: start it in this '
                    'namespace, or set playout_delay_s',
                )
            )
        if abs(error_s) > MOST_ERROR_S:
            words.append((WARN, f'speech is heard {1000 * error_s:.0f} ms after its time'))
        words += [
            (
                _NEWS[name][0],
                f'{speaker.remarks.get(name) or _NEWS[name][1].format(**told)} [{name} +{rise}]',
            )
            for name, rise in self._rises.since(now_s, counters).items()
            if rise > 0 and name in _NEWS
        ]
        values = {
            'state': speaker.state,
            'utterance_id': speaker.utterance_id,
            'sync_error_ms': f'{1000 * error_s:.2f}',
            'sync_error_worst_ms': f'{1000 * np.abs(errors_s).max(initial=0.0):.2f}',
            'playout_delay_s': '' if speaker.delay_ns is None else f'{speaker.delay_ns / NS:.3f}',
            'queue_s': f'{speaker.queue_s:.2f}',
            'device_drift_ppm': f'{speaker.device_drift_ppm:.1f}',
            'last_refusal': facts.last_refusal,
        }
        own = {item.name: getattr(facts, item.name) for item in dataclasses.fields(facts)[:3]}
        values |= {name: str(value) for name, value in (own | counters).items()}
        return report(words, speaker.state, values)
