"""What a bundle says about its model: frozen, checked when built, and plain JSON on disk."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from diffsheg_model.errors import InputError, require
from diffsheg_model.motion.motion_format import MotionFormat

T = TypeVar('T')

FLOWS = ('expression_to_gesture', 'gesture_to_expression', 'none')
OUTPUTS = ('noise', 'velocity', 'clean')
SPEECH_ENCODERS = ('none', 'hubert', 'whisper')
MEL_TRANSFORMS = ('power', 'log', 'none')
Solver = Literal['ddim', 'dpmpp_2m']
SOLVERS: tuple[Solver, ...] = get_args(Solver)
Spacing = Literal['even', 'log_snr']
SPACINGS: tuple[Spacing, ...] = get_args(Spacing)


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of UniEG. The defaults are the published ones (155 M parameters).

    Attributes:
        gesture_dim: gesture channels.
        expression_dim: expression channels.
        num_speakers: width of the style one-hot.
        latent_dim: channels of a branch.
        num_layers: layers of a branch.
        num_heads: attention heads; divides latent_dim and 128.
        ff_dim: inner width of a branch's feed-forward.
        mel_dim: mel bands.
        speech_dim: channels of the speech features; 0 where the model uses none.
        classifier_free: whether null conditions exist, so that guidance works.
        embed_dim: width of the step and speaker embeddings; 0 for the published 4 * latent_dim.
        conv_frames: width in frames, odd, of a depthwise convolution over time in each layer; 0
            for none, as published. A small network needs it to tell smooth motion from noise,
            which linear attention, blind to what is next to what, hardly can.
        flow: which branch sees the other's predicted clean motion: 'expression_to_gesture' as
            published, or, for ablations, 'gesture_to_expression' or 'none'.
        output: what the branches' last layer gives: 'noise' as published, or what the noise then
            follows from: 'clean', the clean motion (as MDM's, arXiv 2209.14916), or 'velocity'
            (v of arXiv 2202.00512, section 4). Both spare a small network the copying of noise,
            and errors at high noise are not blown up; with 'clean' the motion is as smooth as the
            network's output, however little of the noise it can tell from motion.
    """

    gesture_dim: int
    expression_dim: int
    num_speakers: int
    latent_dim: int = 512
    num_layers: int = 8
    num_heads: int = 8
    ff_dim: int = 1024
    mel_dim: int = 128
    speech_dim: int = 1024
    classifier_free: bool = False
    embed_dim: int = 0
    conv_frames: int = 0
    flow: str = FLOWS[0]
    output: str = OUTPUTS[0]

    def __post_init__(self) -> None:
        for field in (
            'gesture_dim',
            'expression_dim',
            'num_speakers',
            'num_layers',
            'ff_dim',
        ):
            require(getattr(self, field) >= 1, self, field, 'at least 1')
        require(
            self.latent_dim >= 2 and self.latent_dim % 2 == 0,
            self,
            'latent_dim',
            'even',
        )
        require(
            self.num_heads >= 1
            and self.latent_dim % self.num_heads == 0
            and self.mel_dim % self.num_heads == 0,
            self,
            'num_heads',
            f'a divisor of latent_dim {self.latent_dim} and mel_dim {self.mel_dim}',
        )
        require(self.speech_dim >= 0, self, 'speech_dim', '0 (none) or more')
        require(self.embed_dim >= 0, self, 'embed_dim', '0 (4 * latent_dim) or more')
        require(
            self.conv_frames == 0 or (self.conv_frames > 0 and self.conv_frames % 2 == 1),
            self,
            'conv_frames',
            '0 (none) or odd',
        )
        require(self.flow in FLOWS, self, 'flow', f'one of {", ".join(FLOWS)}')
        require(self.output in OUTPUTS, self, 'output', f'one of {", ".join(OUTPUTS)}')

    @property
    def embedding_dim(self) -> int:
        """Width of the step and speaker embeddings."""
        return self.embed_dim or 4 * self.latent_dim

    @property
    def channels(self) -> int:
        return self.gesture_dim + self.expression_dim


@dataclass(frozen=True)
class DiffusionConfig:
    """The noise schedule of linear betas, and the settings of sampling.

    Attributes:
        num_steps: levels of noise that the network was trained on.
        beta_start, beta_end: first and last beta.
        sampling_steps: steps that a first window takes.
        solver: 'ddim' as published, or 'dpmpp_2m' (DPM-Solver++ 2M, arXiv 2211.01095), which is of
            second order and needs fewer steps.
        spacing: 'even' in the level's number as published, or 'log_snr', even in log(abar /
            (1 - abar)), which a solver of second order needs.
    """

    num_steps: int = 1000
    beta_start: float = 1e-4
    beta_end: float = 2e-2
    sampling_steps: int = 25
    solver: str = SOLVERS[0]
    spacing: str = SPACINGS[0]

    def __post_init__(self) -> None:
        require(self.num_steps >= 1, self, 'num_steps', 'at least 1')
        require(
            0 < self.beta_start <= self.beta_end < 1,
            self,
            'beta_start',
            'in (0, beta_end], < 1',
        )
        require(
            1 <= self.sampling_steps <= self.num_steps,
            self,
            'sampling_steps',
            f'in 1..{self.num_steps} (num_steps)',
        )
        require(self.solver in SOLVERS, self, 'solver', f'one of {", ".join(SOLVERS)}')
        require(self.spacing in SPACINGS, self, 'spacing', f'one of {", ".join(SPACINGS)}')


@dataclass(frozen=True)
class FoppasConfig:
    """FOPPAS, arbitrary length by outpainting (arXiv 2401.04747, section 3.3).

    Attributes:
        overlap: frames that a window shares with the one before it; 0 makes windows independent.
        jump_length: steps that a harmonising jump goes back up.
        jump_n_sample: passes over each jump; 1 means no jumps.
        start_fraction: share of the chain, of its levels and of the sampling steps, that a later
            window runs through (published 0.6: 15 of 25 steps, from level 560 of 1000).
        ramp_level: noise level sqrt(1 - abar) under which the known frames are cross-faded in.
        guidance_scale: classifier-free guidance; 1 is none (published for SHOW: 1.15, 1.25).
    """

    overlap: int = 4
    jump_length: int = 3
    jump_n_sample: int = 2
    start_fraction: float = 0.6
    ramp_level: float = 0.2
    guidance_scale: float = 1.0

    def __post_init__(self) -> None:
        require(self.overlap >= 0, self, 'overlap', '0 or more')
        require(self.jump_length >= 1, self, 'jump_length', 'at least 1')
        require(self.jump_n_sample >= 1, self, 'jump_n_sample', 'at least 1')
        require(0 < self.start_fraction <= 1, self, 'start_fraction', 'in (0, 1]')
        require(0 <= self.ramp_level <= 1, self, 'ramp_level', 'in [0, 1]')
        require(0 <= self.guidance_scale <= 10, self, 'guidance_scale', 'in [0, 10]')


@dataclass(frozen=True)
class FeatureConfig:
    """How audio becomes features (arXiv 2401.04747, section 4.1, and the released code).

    Attributes:
        sample_rate: rate that speech encoders hear, Hz.
        mel_rate: rate that the mel spectrogram is computed at, Hz; a multiple of the fps.
        mel_bins: mel bands.
        mel_transform: 'power' as published, 'log' or 'none' (see features.mel_transform).
        speech_encoder: 'none', 'hubert' or 'whisper'.
        speech_context_s: audio before a window that its speech features may hear, seconds.
    """

    sample_rate: int = 16000
    mel_rate: int = 18000
    mel_bins: int = 128
    mel_transform: str = 'power'
    speech_encoder: str = 'none'
    speech_context_s: float = 4.0

    def __post_init__(self) -> None:
        require(self.sample_rate == 16000, self, 'sample_rate', '16000')
        require(8000 <= self.mel_rate <= 96000, self, 'mel_rate', 'in 8000..96000 Hz')
        require(self.mel_bins >= 1, self, 'mel_bins', 'at least 1')
        require(
            self.mel_transform in MEL_TRANSFORMS,
            self,
            'mel_transform',
            f'one of {", ".join(MEL_TRANSFORMS)}',
        )
        require(
            self.speech_encoder in SPEECH_ENCODERS,
            self,
            'speech_encoder',
            f'one of {", ".join(SPEECH_ENCODERS)}',
        )
        require(0 <= self.speech_context_s <= 60, self, 'speech_context_s', 'in [0, 60] s')


@dataclass(frozen=True)
class BundleConfig:
    """Everything about a bundle but its numbers; bundle.json holds exactly this."""

    name: str
    licence: str
    provenance: str
    format: MotionFormat
    network: NetworkConfig
    diffusion: DiffusionConfig = DiffusionConfig()
    foppas: FoppasConfig = FoppasConfig()
    features: FeatureConfig = FeatureConfig()
    speaker_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in ('gesture_dim', 'expression_dim'):
            if getattr(self.network, field) != getattr(self.format, field):
                raise InputError(
                    f'BundleConfig.network.{field} = {getattr(self.network, field)}: the format '
                    f'{self.format.name!r} has {getattr(self.format, field)}'
                )
        if self.features.mel_bins != self.network.mel_dim:
            raise InputError(
                f'BundleConfig.features.mel_bins = {self.features.mel_bins}: the network takes '
                f'{self.network.mel_dim}'
            )
        if (self.network.speech_dim > 0) != (self.features.speech_encoder != 'none'):
            raise InputError(
                f'BundleConfig.features.speech_encoder = {self.features.speech_encoder!r}: '
                f'does not fit network.speech_dim = {self.network.speech_dim}'
            )
        if self.foppas.overlap >= self.format.window_frames:
            raise InputError(
                f'BundleConfig.foppas.overlap = {self.foppas.overlap}: must be less than the '
                f'window of {self.format.window_frames} frames'
            )
        require(
            len(self.speaker_names) in (0, self.network.num_speakers),
            self,
            'speaker_names',
            f'empty or {self.network.num_speakers} names',
        )

    def check_speaker(self, speaker: int) -> None:
        """Raises InputError unless the model knows the speaker of that index."""
        if not 0 <= speaker < self.network.num_speakers:
            raise InputError(
                f'speaker = {speaker}: the model {self.name!r} knows styles 0..'
                f'{self.network.num_speakers - 1}'
            )


def from_dict(cls: type[T], values: Any, where: str) -> T:
    """Builds config dataclass ``cls`` from parsed JSON, nested dataclasses included.

    Raises:
        InputError: a field is missing, unknown, of the wrong kind or out of range; ``where``
            (a file name, say) stands in the message.
    """
    if not isinstance(values, dict):
        raise InputError(f'{where}: {cls.__name__} must be an object, not {values!r:.60}')
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - set(fields)):
        raise InputError(f'{where}: unknown field {unknown[0]!r} in {cls.__name__}')
    arguments: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in values:
            if field.default is dataclasses.MISSING:
                raise InputError(f'{where}: {cls.__name__} lacks the field {name!r}')
            continue
        value = values[name]
        if dataclasses.is_dataclass(field.type):
            value = from_dict(field.type, value, where)  # type: ignore[arg-type]
        elif field.type == tuple[str, ...]:
            if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
                raise InputError(f'{where}: {cls.__name__}.{name} must be a list of names')
            value = tuple(value)
        elif field.type is float and type(value) is int:
            value = float(value)
        elif type(value) is not field.type:
            raise InputError(
                f'{where}: {cls.__name__}.{name} = {value!r:.60} must be {field.type.__name__}'  # type: ignore[union-attr]
            )
        arguments[name] = value
    try:
        return cls(**arguments)
    except InputError as error:
        raise InputError(f'{where}: {error}') from error
