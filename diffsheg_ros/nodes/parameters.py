"""Every parameter of every node: default, range and description.

All are fixed while a node runs, but for those whose rule says `live`.

A node's parameters are the fields of one frozen dataclass, so a default stands in one place and
code reads `parameters.publish_rate_hz`. Nothing here imports ROS; `node_parameters` declares them.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from diffsheg_model.audio.sound_file import check_sample_rate
from diffsheg_model.config import SOLVERS, SPACINGS
from diffsheg_model.engines.registry import ALL_PRECISIONS, ENGINES, PROVIDERS
from diffsheg_model.session.live_options import PRESETS, LiveOptions
from diffsheg_model.session.sampler_options import SamplerOptions
from diffsheg_model.viewer.port import DEFAULT_PORT
from diffsheg_ros.capture.pcm import SAMPLE_FORMATS
from diffsheg_ros.parameter_rules import Checked, parameter
from diffsheg_ros.topic_values import MAX_UTTERANCE_ID


@dataclass(frozen=True)
class HearingParameters(Checked):
    """How speech is heard; who hears the same speech should have the same."""

    reorder_s: float = parameter(
        0.1,
        'How long a missing audio chunk is waited for, in seconds of later audio.',
        low=0.0,
        high=1.0,
    )
    max_gap_s: float = parameter(
        5.0, 'Longest gap in the audio that is filled with silence, seconds.', low=1.0, high=60.0
    )
    stall_s: float = parameter(
        1.0,
        'An utterance without a chunk for so long is over, seconds; at least reorder_s.',
        low=0.05,
        high=60.0,
    )
    max_queue_s: float = parameter(
        300.0,
        'Most audio that waits; what comes beyond it is dropped, seconds.',
        low=1.0,
        high=3600.0,
    )
    audio_reliability: str = parameter(
        'auto',
        """Reliability of the subscription to audio. auto hears every publisher, reliable ones
        without loss. best_effort hears every publisher and loses messages above 0.5 MB; reliable
        hears reliable publishers only.""",
        choices=('auto', 'best_effort', 'reliable'),
    )
    audio_depth: int = parameter(
        1000,
        """Audio chunks that the middleware keeps for this node; a synthesiser that sends much
        faster than real time needs more.""",
        low=1,
        high=10_000,
    )


@dataclass(frozen=True)
class AvatarParameters(HearingParameters):
    """Parameters of the avatar node."""

    autostart: bool = parameter(
        False,
        """Configure and activate by itself on start. Leave false where a launch file or a
        lifecycle manager does that.""",
    )
    exit_on_failure: bool = parameter(
        False,
        """With autostart: end the process with status 2 where configuring or activating fails, as
        launch files want it. False: stay unconfigured, so that a wrong value can be set right.""",
    )
    bundle: str = parameter(
        '', 'Folder of the model bundle; empty: the one that comes with the package.'
    )
    engine: str = parameter(
        'auto',
        'What runs the network; auto: the fastest that is installed and works here.',
        choices=ENGINES,
    )
    engine_precision: str = parameter(
        'auto',
        """Precision of the network's arithmetic; auto: fp32. The others are faster and change the
        motion a little; not every engine has them.""",
        choices=ALL_PRECISIONS,
    )
    engine_provider: str = parameter(
        'cpu',
        """Where engine onnxruntime computes; cuda and tensorrt need an NVIDIA GPU and
        onnxruntime-gpu.""",
        choices=PROVIDERS,
    )
    engine_threads: int = parameter(
        0,
        """CPU threads of the engine and of the speech encoder; 0: all cores that the process may
        use but one, which is left to the rest of the node.""",
        low=0,
        high=256,
    )
    engine_timeout_s: float = parameter(
        10.0,
        """A window of motion (about 2 s of it) that takes longer is made by another engine,
        seconds; the one that was late is not asked again.""",
        low=0.1,
        high=3600.0,
    )
    engine_fallback: bool = parameter(
        True,
        """Let another engine take over, in float32 on the CPU, when this one fails in the middle of
        a run. False leaves out the motion that it fails to make.""",
    )
    engine_cache: str = parameter(
        '',
        """Folder for what an engine derives from the bundle, such as TensorRT plans; empty: beside
        the bundle, or in ~/.cache/diffsheg where that cannot be written.""",
    )
    speech_encoder: str = parameter(
        '',
        """Folder of the exported speech encoder, for bundles that use one; empty: the bundle's own,
        or where `diffsheg export-speech` puts it.""",
    )
    speaker: int = parameter(
        0,
        'Whose style of motion, an index of the bundle; a change is for the next window.',
        low=0,
        high=999,
        live=True,
    )
    seed: int = parameter(
        0,
        """Seed of the motion: the same seed, audio and order of utterances give the same motion; a
        change is for the next window.""",
        low=0,
        high=2**31 - 1,
        live=True,
    )
    guidance_scale: float = parameter(
        -1.0,
        """Classifier-free guidance, for bundles trained for it; negative: the bundle's. A change is
        for the next window.""",
        low=-1.0,
        high=10.0,
        live=True,
    )
    preset: str = parameter(
        'balanced',
        """What matters: low_latency follows the voice closely, quality is the motion as generated
        offline, balanced lies between. The parameters below override what it sets.""",
        choices=tuple(PRESETS),
    )
    hop: int = parameter(
        -1,
        """New frames of a window; 1 reacts soonest and takes most work. 0: whole windows; negative:
        the preset's.""",
        low=-1,
        high=1199,
    )
    lookahead: int = parameter(
        -1,
        """Frames that a window is planned beyond the sound heard, which is taken to go on as it
        was; negative: the preset's.""",
        low=-1,
        high=1199,
    )
    provisional: int = parameter(
        -1,
        """Last frames of a window that the next one plans anew; they are shown where it is late.
        Negative: the preset's.""",
        low=-1,
        high=1199,
    )
    sampling_steps: int = parameter(
        0,
        """Calls of the network for a first window, fewer for the later ones; 0: the preset's. Fewer
        are faster.""",
        low=0,
        high=1000,
    )
    sampling_solver: str = parameter(
        'preset',
        "How a sampling step is taken; dpmpp_2m needs fewer of them. preset: the preset's.",
        choices=('preset', *SOLVERS),
    )
    sampling_spacing: str = parameter(
        'preset',
        "How sampling steps are spaced. preset: the preset's.",
        choices=('preset', *SPACINGS),
    )
    start_fraction: float = parameter(
        0.0,
        "Share of the sampling steps that a later window runs through; 0: the bundle's.",
        low=0.0,
        high=1.0,
    )
    overlap: int = parameter(
        -1,
        "Frames that neighbouring windows share; negative: the bundle's.",
        low=-1,
        high=1199,
    )
    jump_length: int = parameter(
        0, "Steps that a harmonising jump goes back up; 0: the bundle's.", low=0, high=1000
    )
    jump_n_sample: int = parameter(
        0,
        "Passes over each harmonising jump, 1 for no jumps; 0: the bundle's.",
        low=0,
        high=100,
    )
    publish_rate_hz: float = parameter(
        60.0, 'How often face and joint_states are published, Hz.', low=1.0, high=240.0
    )
    playout_delay_s: float = parameter(
        -1.0,
        """Motion for the sample heard at t is stamped and published t + this, seconds; negative:
        the least that the hop and this computer allow.""",
        low=-1.0,
        high=60.0,
    )
    idle: bool = parameter(
        True,
        """Move while nobody speaks, as the model does in silence (breath, blinks, gaze); false:
        keep the rest pose.""",
    )
    blend_s: float = parameter(
        0.5, 'How long every transition to or from rest takes, seconds.', low=0.05, high=5.0
    )
    hold_s: float = parameter(
        0.5,
        'How long the last frame is held for a late one before going to rest, seconds.',
        low=0.0,
        high=10.0,
    )
    stop_timeout_s: float = parameter(
        5.0, 'How long deactivation waits for the engine to stop, seconds.', low=0.1, high=60.0
    )
    status_period_s: float = parameter(
        60.0,
        'How often the log says in one line how the avatar is, seconds; 0: never.',
        low=0.0,
        high=86_400.0,
    )

    def sampler_options(self) -> SamplerOptions:
        """What of the sampler is to differ from the preset's settings."""
        kept = {
            'steps': (self.sampling_steps, 0),
            'solver': (self.sampling_solver, 'preset'),
            'spacing': (self.sampling_spacing, 'preset'),
            'start_fraction': (self.start_fraction, 0.0),
            'jump_length': (self.jump_length, 0),
            'jump_n_sample': (self.jump_n_sample, 0),
        }
        changed: dict[str, Any] = {
            name: value for name, (value, the_presets) in kept.items() if value != the_presets
        }
        for name in ('overlap', 'guidance_scale'):
            if getattr(self, name) >= 0:
                changed[name] = getattr(self, name)
        return SamplerOptions(**changed)

    def live_with_overrides(self, live: LiveOptions | None) -> LiveOptions | None:
        """How to plan on speech that is still being spoken; None for whole windows.

        Args:
            live: what the preset says.

        Raises:
            InputError: values that do not go together.
        """
        if self.hop == 0 or (live is None and self.hop < 0):
            return None
        changed = {
            name: getattr(self, name)
            for name in ('hop', 'lookahead', 'provisional')
            if getattr(self, name) >= 0
        }
        return dataclasses.replace(live or LiveOptions(), **changed)


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
        1, 'How many subscribers to wait for before beginning; 0: none.', low=0, high=100
    )
    wait_s: float = parameter(
        -1.0,
        'How long to wait for them before giving up, seconds; negative: for ever.',
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
    """How sound that never ends is cut into utterances."""

    gate: str = parameter(
        'vad',
        """What is let through: vad, speech, each time as an utterance of its own; open, all sound
        as one utterance.""",
        choices=('vad', 'open'),
    )
    speech_probability: float = parameter(
        0.5,
        """How sure it must be that somebody speaks to begin an utterance; higher where noises
        begin them.""",
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
        0.6, 'An utterance ends so long after its last speech, seconds.', low=0.1, high=10.0
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
        0, "Samples a second to record; 0: the device's own rate.", low=0, high=192000
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
        """Samples a second, for AudioDataStamped and AudioData where nobody publishes an AudioInfo;
        0: as `audio_in_info` says, with channels and sample_format.""",
        low=0,
        high=192000,
    )
    channels: int = parameter(1, 'Channels, where sample_rate is given.', low=1, high=64)
    sample_format: str = parameter(
        'S16LE',
        'Format of a sample, where sample_rate is given.',
        choices=tuple(SAMPLE_FORMATS),
    )


@dataclass(frozen=True)
class MonitorParameters(Checked):
    """Parameters of the monitor."""

    record: str = parameter(
        '',
        """Folder to record into: session.mcap as it is heard, and the motion's files at the end;
        empty: nothing is recorded.""",
    )
    bundle: str = parameter(
        '', 'Bundle whose skeleton the recording is written with; empty: the default.'
    )
    refresh_hz: float = parameter(
        5.0,
        'How often the display changes, Hz; once a second where it is no terminal.',
        low=0.2,
        high=30.0,
    )


@dataclass(frozen=True)
class ReplayParameters(Checked):
    """Parameters of the replay."""

    file: str = parameter('', 'The recording: .mcap, the folder of a bag, or a motion.npz.')
    topics: str = parameter(
        '',
        """Topics to play, with commas between: audio, face, joint_states, face_trajectory,
        joint_trajectory; empty: all of these that were recorded.""",
    )
    recorded_namespace: str = parameter(
        '', 'Namespace of the recorded topics, / for none; empty: the only one that there is.'
    )
    rate: float = parameter(
        1.0,
        """The motion is played this many times as fast as it was recorded. Sound is not stretched:
        leave it out by topics.""",
        low=0.1,
        high=100.0,
    )
    loop: bool = parameter(False, 'Play again and again, each time as new utterances.')
    loop_pause_s: float = parameter(3.0, 'Pause between two rounds, seconds.', low=0.0, high=3600.0)


@dataclass(frozen=True)
class SpeakerParameters(HearingParameters):
    """Parameters of the speaker."""

    device: str = parameter(
        'auto',
        """The loudspeaker: its name, a part of it, or its number as `python -m sounddevice` lists
        them; auto: the system's choice, or none where there is none; null: none.""",
    )
    sample_rate: int = parameter(
        0, "Samples a second to play; 0: the device's own rate.", low=0, high=192000
    )
    latency_s: float = parameter(
        0.1,
        """How long sound waits in the device, seconds. Less is silent sooner when it is
        interrupted; more survives a busier computer.""",
        low=0.005,
        high=1.0,
    )
    playout_delay_s: float = parameter(
        -1.0,
        """The sample stamped t is heard at t + this, seconds; negative: with its motion, as the
        avatar reports.""",
        low=-1.0,
        high=60.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sample_rate:
            check_sample_rate(self.sample_rate, 'parameter sample_rate')


@dataclass(frozen=True)
class ViewerParameters(Checked):
    """Parameters of the viewer."""

    host: str = parameter(
        '127.0.0.1',
        """Address to serve the page on; one that other machines reach needs allow_remote.""",
    )
    port: int = parameter(
        DEFAULT_PORT,
        'Port to serve the page on, or the next free one where it is taken; 0: any that is free.',
        low=0,
        high=65535,
    )
    allow_remote: bool = parameter(
        False,
        """Let other machines look and speak too. Their page needs the token that is written to
        the terminal with its address.""",
    )
    open_page: bool = parameter(False, 'Open the page in the browser, where there is a display.')
    beside: str = parameter(
        '', 'Namespace of a second avatar, shown beside the first; empty: none.'
    )


NODE_PARAMETERS: dict[str, type[Checked]] = {
    'audio_adapter': AudioAdapterParameters,
    'avatar': AvatarParameters,
    'file_player': FilePlayerParameters,
    'microphone': MicrophoneParameters,
    'monitor': MonitorParameters,
    'replay': ReplayParameters,
    'speaker': SpeakerParameters,
    'viewer': ViewerParameters,
}
