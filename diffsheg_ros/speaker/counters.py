"""Counters of the speaker."""

from dataclasses import dataclass

from diffsheg_ros.audio_in.counters import (
    AudioListenerCounters,
    HearingCounters,
    ListeningCounters,
)
from diffsheg_ros.diagnostics.counters import counter
from diffsheg_ros.diagnostics.report import WARN


@dataclass
class PlaybackCounters(HearingCounters):
    """Counters of `UtterancePlayback`."""

    # A sample is late for the listener when its time is over, not when silence stands in its place.
    late_samples: int = counter('samples left out because they came after their time')
    starvations: int = counter(
        'times that sound was due and had not arrived',
        WARN,
        "speech came after its time: raise the avatar's playout_delay_s, or check the clocks",
    )
    skips: int = counter(
        """times that the sound skipped to be in time again; rises after an underrun, and when a
        clock is set""",
        WARN,
        'speech skipped to be in time: stamps or the loudspeaker have jumped',
    )
    waits: int = counter('times that the sound was silent for a while to be in time again')


@dataclass
class SpeakerCounters(AudioListenerCounters, PlaybackCounters, ListeningCounters):
    """All counters that the speaker reports."""

    interrupts: int = counter('utterances that were cut off')
    dropped_chunks: int = counter(
        'chunks dropped because `max_queue_s` of speech was waiting',
        WARN,
        """speech was dropped because more than max_queue_s of it was waiting: send it less far
        ahead of its time""",
    )
    resyncs: int = counter('jumps of more than `max_gap_s` in the audio of an utterance')
    device_underruns: int = counter(
        'times that the loudspeaker was given its samples too late',
        WARN,
        'the loudspeaker ran dry: free the CPU, or raise latency_s',
    )
