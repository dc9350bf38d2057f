"""Counters of nodes that capture speech."""

from dataclasses import dataclass

from diffsheg_ros.diagnostics.counters import Counters, counter
from diffsheg_ros.diagnostics.report import WARN


@dataclass
class StreamCounters(Counters):
    """Counters of `LiveSpeech`."""

    utterances: int = counter('utterances begun')
    lost_samples: int = counter(
        'samples that were lost and replaced by silence',
        WARN,
        'sound was lost and replaced by silence: free the CPU, or check the network',
    )
    breaks: int = counter(
        'utterances ended because the sound or its clock had jumped, or its rate had changed',
        WARN,
        """the sound or its clock has jumped; utterances were ended there: this is normal after
        this machine was suspended or its clock was set""",
    )


@dataclass
class CaptureCounters(StreamCounters):
    """Counters of every node that captures speech."""

    refused: int = counter(
        'blocks or messages that are not valid sound', WARN, 'sound was left out ({last_refusal})'
    )
    faults: int = counter(
        'callbacks that raised an exception',
        WARN,
        'a callback failed; see the log: a fault of the program',
    )


@dataclass
class MicrophoneCounters(CaptureCounters):
    """All counters that the microphone reports."""

    overflows: int = counter(
        'times that PortAudio had to drop sound',
        WARN,
        'this machine is too busy to record all sound: free the CPU',
    )
    dropped_blocks: int = counter(
        'blocks dropped because they waited for too long',
        WARN,
        'sound was dropped because it waited for too long: free the CPU',
    )


@dataclass
class AudioAdapterCounters(CaptureCounters):
    """All counters that the audio adapter reports."""

    unread_messages: int = counter(
        """messages left out because neither AudioInfo nor parameters give the format of the sound;
        see the message"""
    )
