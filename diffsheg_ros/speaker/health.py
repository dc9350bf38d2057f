"""The speaker's report: state, errors of timing, and counters."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.counters import AudioListenerCounters
from diffsheg_ros.diagnostics.report import ERROR, WARN, Report, Rises, report
from diffsheg_ros.speaker.counters import SpeakerCounters
from diffsheg_ros.speaker.speaker import Speaker

#: Seconds between sound and motion from which they look out of step: a frame.
MOST_ERROR_S = 1 / 15


@dataclass(frozen=True)
class LoudspeakerStatus:
    """The state of the loudspeaker.

    Attributes:
        device: name.
        sample_rate: Hz.
        latency_s: from giving it samples to hearing them.
        failure: why it does not play; empty where it does.
        muted: why nothing is heard although it plays; empty where speech is heard.
    """

    device: str
    sample_rate: int
    latency_s: float
    failure: str = ''
    muted: str = ''


class SpeakerHealth:
    """Makes the speaker's report, once a second."""

    def __init__(self) -> None:
        self._rises = Rises()

    def report(
        self,
        now_s: float,
        speaker: Speaker,
        output: LoudspeakerStatus,
        listener: AudioListenerCounters,
        last_refusal: str = '',
    ) -> Report:
        """Return the report of this moment.

        Args:
            now_s: time of any clock that only goes forward.
            speaker: what is played.
            output: the loudspeaker.
            listener: the node's own counters.
            last_refusal: topic and reason of the newest refused message.
        """
        errors_s = speaker.sync_errors_s()
        error_s = float(np.median(errors_s)) if len(errors_s) else 0.0
        counters = SpeakerCounters.total(speaker.counters(), listener)
        rises = self._rises.since(now_s, counters.values())
        words = _standing_faults(speaker, output, error_s)
        words += counters.news(rises, speaker.remarks, last_refusal=last_refusal)
        device = dataclasses.asdict(output)
        values = {
            'state': speaker.state,
            'utterance_id': speaker.utterance_id,
            'sync_error_ms': f'{1000 * error_s:.2f}',
            'sync_error_worst_ms': f'{1000 * np.abs(errors_s).max(initial=0.0):.2f}',
            'playout_delay_s': '' if speaker.delay_ns is None else f'{speaker.delay_ns / NS:.3f}',
            'queue_s': f'{speaker.queue_s:.2f}',
            'device_drift_ppm': f'{speaker.device_drift_ppm:.1f}',
            'last_refusal': last_refusal,
            **{name: str(device[name]) for name in ('device', 'sample_rate', 'latency_s')},
            **{name: str(count) for name, count in counters.values().items()},
        }
        return report(words, speaker.state, values)


def _standing_faults(
    speaker: Speaker, output: LoudspeakerStatus, error_s: float
) -> list[tuple[int, str]]:
    words = []
    if output.failure:
        words.append((ERROR, output.failure))
    if output.muted:
        words.append((WARN, output.muted))
    if speaker.delay_ns is None:
        advice = 'start it in this namespace, or set playout_delay_s'
        words.append((WARN, f'waiting for the avatar to report its playout delay: {advice}'))
    if abs(error_s) > MOST_ERROR_S:
        words.append((WARN, f'speech is heard {1000 * error_s:.0f} ms after its time'))
    return words
