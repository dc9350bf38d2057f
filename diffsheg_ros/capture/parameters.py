"""Parameters of the nodes that publish speech."""

from dataclasses import dataclass

from diffsheg_ros.capture.pcm import SAMPLE_FORMATS
from diffsheg_ros.parameter_rules import Checked, parameter
from diffsheg_ros.topic_values import MAX_UTTERANCE_ID


@dataclass(frozen=True)
class FilePlayerParameters(Checked):
    """Parameters of the file player."""

    file: str = parameter('', 'The recording: wav, flac, ogg or mp3, 8 to 192 kHz, any channels.')
    chunk_ms: int = parameter(40, 'Length of an audio chunk, milliseconds.', low=1, high=1000)
    rate: float = parameter(
        1.0,
        """Chunks are sent this many times as fast as they are heard. Stamps stay those of
        hearing, as with a speech synthesiser that is ahead.""",
        low=0.1,
        high=1000.0,
    )
    subscribers: int = parameter(
        1, 'Number of subscribers to wait for before the start; 0: none.', low=0, high=100
    )
    wait_s: float = parameter(
        -1.0,
        'Longest time to wait for subscribers, seconds; negative: without limit.',
        low=-1.0,
        high=3600.0,
    )
    utterance_id: str = parameter(
        '',
        "Name of the utterance; empty: the file's name and the time of the start.",
        longest=MAX_UTTERANCE_ID,
    )
    loop: bool = parameter(False, 'Play again and again, each time as a new utterance.')
    loop_pause_s: float = parameter(
        3.0, 'Silence between two rounds, seconds.', low=0.0, high=3600.0
    )


@dataclass(frozen=True)
class SpeechParameters(Checked):
    """Parameters for cutting an endless sound stream into utterances."""

    gate: str = parameter(
        'vad',
        """Sound to publish: vad, only speech, each time as an utterance of its own; open, all sound
        as one utterance.""",
        choices=('vad', 'open'),
    )
    speech_probability: float = parameter(
        0.5,
        """Probability of speech that begins an utterance; raise it where noises begin
        utterances.""",
        low=0.05,
        high=0.95,
    )
    pre_roll_s: float = parameter(
        0.2,
        'Sound before the first speech that belongs to an utterance, seconds.',
        low=0.0,
        high=2.0,
    )
    hangover_s: float = parameter(
        0.6, 'Silence after the last speech that ends an utterance, seconds.', low=0.1, high=10.0
    )
    chunk_ms: int = parameter(20, 'Length of an audio chunk, milliseconds.', low=1, high=1000)


@dataclass(frozen=True)
class MicrophoneParameters(SpeechParameters):
    """Parameters of the microphone."""

    device: str = parameter(
        '',
        """The microphone: its name, a part of it, or its number as `python -m sounddevice` lists
        them; empty: the system's choice.""",
    )
    sample_rate: int = parameter(
        0, "Sample rate to record, Hz; 0: the device's own rate.", low=0, high=192000
    )


@dataclass(frozen=True)
class AudioAdapterParameters(SpeechParameters):
    """Parameters of the adapter for audio_common_msgs."""

    type: str = parameter(
        'AudioStamped',
        """Message of audio_common_msgs on `audio_in`: AudioStamped of the package by mgonzs13;
        AudioDataStamped or AudioData of the one by ros-drivers.""",
        choices=('AudioStamped', 'AudioDataStamped', 'AudioData'),
    )
    sample_rate: int = parameter(
        0,
        """Sample rate, Hz, for AudioDataStamped and AudioData without a published AudioInfo; 0: as
        `audio_in_info` says, with channels and sample_format.""",
        low=0,
        high=192000,
    )
    channels: int = parameter(1, 'Channels, if sample_rate is given.', low=1, high=64)
    sample_format: str = parameter(
        'S16LE',
        'Sample format, if sample_rate is given.',
        choices=tuple(SAMPLE_FORMATS),
    )
