"""The configuration of a model: frozen, checked when built, and plain JSON in bundle.json."""

from dataclasses import dataclass
from typing import Literal, get_args

from diffsheg_model.checked_fields import require, require_choices
from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion_format import MotionFormat

Flow = Literal['expression_to_gesture', 'gesture_to_expression', 'none']
Output = Literal['noise', 'velocity', 'clean']
SpeechEncoderName = Literal['none', 'hubert', 'whisper']
MelTransform = Literal['power', 'log', 'none']
MEL_TRANSFORMS: tuple[MelTransform, ...] = get_args(MelTransform)
Solver = Literal['ddim', 'dpmpp_2m']
SOLVERS: tuple[Solver, ...] = get_args(Solver)
Spacing = Literal['even', 'log_snr']
SPACINGS: tuple[Spacing, ...] = get_args(Spacing)


@dataclass(frozen=True, kw_only=True)
class NetworkSizes:
    """Sizes of UniEG that can be chosen. The defaults are the published ones (155 M parameters).

    Attributes:
        num_speakers: width of the style one-hot.
        latent_dim: channels of a branch. With fewer than its motion has (141 in BEAT's gesture), a
            branch cannot pass on all the noise that it has to predict.
        num_layers: layers of a branch.
        num_heads: attention heads; divides latent_dim and the mel bands.
        ff_dim: inner width of a branch's feed-forward.
        speech_dim: channels of the speech features; 0 for none.
        classifier_free: True for a network with null conditions, so that guidance works. Training
            then leaves out the conditions of the first 20 % of each batch.
        embed_dim: width of the step and speaker embeddings; 0 for the published 4 * latent_dim.
        conv_frames: width in frames, odd, of a depthwise convolution over time in each layer; 0
            for none, as published. Linear attention does not see which frames are neighbours, so a
            small network needs the convolution to tell smooth motion from noise.
        flow: the branch that sees the other's predicted clean motion. 'expression_to_gesture' is
            published; 'gesture_to_expression' and 'none' are ablations.
        output: the quantity that the branches' last layer predicts. 'noise' is published. 'clean'
            is the clean motion (as MDM, arXiv 2209.14916), 'velocity' the v of arXiv 2202.00512,
            section 4. A small network learns both sooner, because it need not copy the noise.
            They also do not amplify errors at high noise. With 'clean', the motion is as smooth
            as the network's output. Train both with loss.step_weight 'bounded_snr'.
    """

    num_speakers: int
    latent_dim: int = 512
    num_layers: int = 8
    num_heads: int = 8
    ff_dim: int = 1024
    speech_dim: int = 1024
    classifier_free: bool = False
    embed_dim: int = 0
    conv_frames: int = 0
    flow: Flow = 'expression_to_gesture'
    output: Output = 'noise'

    def __post_init__(self) -> None:
        require_choices(self)
        for field in ('num_speakers', 'num_layers', 'num_heads', 'ff_dim'):
            require(getattr(self, field) >= 1, self, field, 'at least 1')
        require(self.latent_dim >= 2 and self.latent_dim % 2 == 0, self, 'latent_dim', 'even')
        require(
            self.latent_dim % self.num_heads == 0,
            self,
            'num_heads',
            f'a divisor of latent_dim {self.latent_dim}',
        )
        require(self.speech_dim >= 0, self, 'speech_dim', '0 (none) or more')
        require(self.embed_dim >= 0, self, 'embed_dim', '0 (4 * latent_dim) or more')
        require(
            self.conv_frames == 0 or (self.conv_frames > 0 and self.conv_frames % 2 == 1),
            self,
            'conv_frames',
            '0 (none) or odd',
        )

    @property
    def embedding_dim(self) -> int:
        """Width of the step and speaker embeddings."""
        return self.embed_dim or 4 * self.latent_dim


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(NetworkSizes):
    """All sizes of UniEG: the chosen ones, and those that motion and mel impose.

    Attributes:
        gesture_dim: gesture channels.
        expression_dim: expression channels.
        mel_dim: mel bands.
    """

    gesture_dim: int
    expression_dim: int
    mel_dim: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ('gesture_dim', 'expression_dim', 'mel_dim'):
            require(getattr(self, field) >= 1, self, field, 'at least 1')
        require(
            self.mel_dim % self.num_heads == 0,
            self,
            'num_heads',
            f'a divisor of mel_dim {self.mel_dim}',
        )

    @property
    def channels(self) -> int:
        """Gesture and expression channels together."""
        return self.gesture_dim + self.expression_dim


@dataclass(frozen=True)
class DiffusionConfig:
    """The noise schedule of linear betas, and the settings of sampling.

    Attributes:
        num_steps: noise levels that the network was trained on.
        beta_start, beta_end: first and last beta.
        sampling_steps: denoising steps of a first window.
        solver: 'ddim' as published, or 'dpmpp_2m' (DPM-Solver++ 2M, arXiv 2211.01095), which is of
            second order and needs fewer steps.
        spacing: 'even' spacing of the timesteps, as published. 'log_snr' is even spacing of
            log(abar / (1 - abar)), which a solver of second order needs.
    """

    num_steps: int = 1000
    beta_start: float = 1e-4
    beta_end: float = 2e-2
    sampling_steps: int = 25
    solver: Solver = 'ddim'
    spacing: Spacing = 'even'

    def __post_init__(self) -> None:
        require_choices(self)
        require(self.num_steps >= 1, self, 'num_steps', 'at least 1')
        in_range = 0 < self.beta_start <= self.beta_end < 1
        require(in_range, self, 'beta_start', 'in (0, beta_end], < 1')
        require(
            1 <= self.sampling_steps <= self.num_steps,
            self,
            'sampling_steps',
            f'in 1..{self.num_steps} (num_steps)',
        )


@dataclass(frozen=True)
class FoppasConfig:
    """FOPPAS, arbitrary length by outpainting (arXiv 2401.04747, section 3.3).

    Attributes:
        overlap: frames that a window shares with the one before it; 0 makes windows independent.
        jump_length: steps that a harmonising jump (RePaint) goes back to more noise.
        jump_n_sample: passes over each jump; 1 means no jumps.
        start_fraction: share of the noise levels and of the sampling steps that a later window
            uses (published 0.6: 15 of 25 steps, from level 560 of 1000).
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
    """Settings of the audio features (arXiv 2401.04747, section 4.1, and the released code).

    Attributes:
        sample_rate: input rate of speech encoders, Hz.
        mel_rate: audio rate of the mel spectrogram, Hz; a multiple of the fps.
        mel_bins: mel bands.
        mel_transform: 'power' as published, 'log' or 'none' (see features.mel).
        speech_encoder: 'none', 'hubert' or 'whisper'.
        speech_context_s: seconds of audio before a window from which its speech features may come.
    """

    sample_rate: int = 16000
    mel_rate: int = 18000
    mel_bins: int = 128
    mel_transform: MelTransform = 'power'
    speech_encoder: SpeechEncoderName = 'none'
    speech_context_s: float = 4.0

    def __post_init__(self) -> None:
        require_choices(self)
        require(self.sample_rate == 16000, self, 'sample_rate', '16000')
        require(8000 <= self.mel_rate <= 96000, self, 'mel_rate', 'in 8000..96000 Hz')
        require(self.mel_bins >= 1, self, 'mel_bins', 'at least 1')
        require(0 <= self.speech_context_s <= 60, self, 'speech_context_s', 'in [0, 60] s')


@dataclass(frozen=True)
class BundleConfig:
    """Everything about a bundle except its numbers, as bundle.json stores it."""

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
        """Raise InputError unless the model has a speaker with this index."""
        if not 0 <= speaker < self.network.num_speakers:
            raise InputError(
                f'speaker = {speaker}: the model {self.name!r} knows styles 0..'
                f'{self.network.num_speakers - 1}'
            )
