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
        """Speed of sending, as a multiple of real time. The stamps stay those of real time, as
        with a speech synthesiser that sends ahead.""",
        low=0.1,
        high=1000.0,
    )
    subscribers: int = parameter(
        1, 'Number of subscribers to wait for before the start; 0: do not wait.', low=0, high=100
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
        """Sound to publish. vad: only speech, found by voice activity detection, each stretch as an
        utterance. open: all sound, as one utterance.""",
        choices=('vad', 'open'),
    )
    speech_probability: float = parameter(
        0.5,
        """Probability of speech above which an utterance begins. Raise it if noises begin
        utterances.""",
        low=0.05,
        high=0.95,
    )
    pre_roll_s: float = parameter(
        0.2,
        'Sound before the first speech to include in the utterance, seconds.',
        low=0.0,
        high=2.0,
    )
    hangover_s: float = parameter(
        0.6, 'Silence after which an utterance ends, seconds.', low=0.1, high=10.0
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
        """Sample rate, Hz, for AudioDataStamped and AudioData without a published AudioInfo; 0: the
        format on `audio_in_info`, channels and sample_format included.""",
        low=0,
        high=192000,
    )
    channels: int = parameter(1, 'Channels, if sample_rate is given.', low=1, high=64)
    sample_format: str = parameter(
        'S16LE',
        'Sample format, if sample_rate is given.',
        choices=tuple(SAMPLE_FORMATS),
    )
