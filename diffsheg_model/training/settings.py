"""Every setting of a training run, as preset files and ``diffsheg train --config`` give them."""

from dataclasses import dataclass
from typing import Literal

from diffsheg_model.checked_fields import require, require_choices
from diffsheg_model.config import (
    BundleConfig,
    DiffusionConfig,
    FeatureConfig,
    FoppasConfig,
    NetworkConfig,
    NetworkSizes,
)
from diffsheg_model.motion.formats import FORMATS
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.training.losses import LossSettings


@dataclass(frozen=True)
class BatchSettings:
    """Settings of the batches that are made from shards.

    Attributes:
        stride: frames between the starts of two training windows. Published 10.
        still_threshold: mean absolute deviation of a window's gesture from its mean pose, radians,
            below which the window is dropped. 0 keeps all.
        std_floor: standard deviation (radians, weights) below which a channel counts as still: the
            bundle keeps it at its mean, and the network need not learn it.
        in_memory: True reads the shards into memory instead of mapping them.
        batch_size: windows a step and device.
        epoch_windows: windows drawn an epoch if the data folders have weights; 0 for as many as
            there are.
        workers: processes that prepare batches; 0 does it in the training process.
        gain_db: largest random change of a window's loudness in the mel, dB up or down. 0 for none,
            as published.
        tilt_db: largest random slope over the mel bands, dB from the lowest to the highest.
        noise_floor: largest power of stationary noise added to the mel, drawn log-uniformly from
            1e-6 up. 0 for none, as published.
        speech_noise: deviation of noise added to the speech features, in their own unit. It keeps
            a network from overfitting few speakers. 0 for none, as published.
    """

    stride: int = 10
    still_threshold: float = 0.02
    std_floor: float = 1e-3
    in_memory: bool = False
    batch_size: int = 2500
    epoch_windows: int = 0
    workers: int = 4
    gain_db: float = 0.0
    tilt_db: float = 0.0
    noise_floor: float = 0.0
    speech_noise: float = 0.0

    def __post_init__(self) -> None:
        require(self.stride >= 1, self, 'stride', 'at least 1 frame')
        require(self.still_threshold >= 0, self, 'still_threshold', '0 or more radians')
        require(self.std_floor > 0, self, 'std_floor', 'positive')
        require(self.batch_size >= 1, self, 'batch_size', 'at least 1')
        require(self.epoch_windows >= 0, self, 'epoch_windows', '0 or more')
        require(self.workers >= 0, self, 'workers', '0 or more')
        for name in ('gain_db', 'tilt_db'):
            require(0 <= getattr(self, name) <= 60, self, name, 'in [0, 60] dB')
        require(0 <= self.noise_floor <= 1, self, 'noise_floor', 'in [0, 1]')
        require(0 <= self.speech_noise <= 10, self, 'speech_noise', 'in [0, 10]')


@dataclass(frozen=True)
class OptimiserSettings:
    """The optimiser, its schedule, and the moving average of the weights.

    Attributes:
        name: 'adam' as published, or 'adamw'.
        learning_rate: peak rate. Published 2e-4.
        weight_decay: weight decay of AdamW, without biases and norms.
        warmup_steps: steps over which the rate rises from 0.
        schedule: 'constant' as published, or 'cosine' down to final_fraction when max_steps or
            max_minutes is reached.
        final_fraction: end of the cosine, as a share of learning_rate.
        gradient_clip: largest norm of the gradient. Published 0.5.
        accumulate: batches per step; their gradients are summed.
        learns: 'all', or the only branch that learns: 'expression' or 'gesture'. The two need
            different amounts of training, and data may have a face or a body alone.
        ema_decay: decay of the exponential moving average that becomes the bundle. It rises from
            0.1 to this value over the first steps.
    """

    name: Literal['adam', 'adamw'] = 'adam'
    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warmup_steps: int = 0
    schedule: Literal['constant', 'cosine'] = 'constant'
    final_fraction: float = 0.02
    gradient_clip: float = 0.5
    accumulate: int = 1
    learns: Literal['all', 'expression', 'gesture'] = 'all'
    ema_decay: float = 0.9999

    def __post_init__(self) -> None:
        require_choices(self)
        require(0 < self.learning_rate <= 1, self, 'learning_rate', 'in (0, 1]')
        require(self.weight_decay >= 0, self, 'weight_decay', '0 or more')
        require(self.warmup_steps >= 0, self, 'warmup_steps', '0 or more')
        require(0 <= self.final_fraction <= 1, self, 'final_fraction', 'in [0, 1]')
        require(self.gradient_clip > 0, self, 'gradient_clip', 'positive')
        require(self.accumulate >= 1, self, 'accumulate', 'at least 1')
        require(0 <= self.ema_decay < 1, self, 'ema_decay', 'in [0, 1)')


@dataclass(frozen=True)
class RunSettings:
    """Limits of a run, its devices and its reports.

    Attributes:
        max_minutes: largest number of minutes of training, those before a resume included; 0 for
            no limit.
        max_steps: largest number of steps; -1 for no limit.
        max_epochs: largest number of epochs; -1 for no limit. Published 1000.
        checkpoint_minutes: minutes between checkpoints, the most that a killed run loses.
        validate_every: steps between validations, if there is validation data.
        detach_flow: True keeps the gesture's loss out of the expression branch, as published.
        stratified_steps: True spreads a batch's diffusion steps evenly over 0..999 instead of
            drawing them independently. Each is still uniform; small batches have less noise.
        seed: seed of the weights, the order of the data and the noise.
        accelerator: 'auto', 'cpu', 'gpu', .., as Lightning's Trainer takes it.
        devices: devices on each node, or 'auto'.
        nodes: machines.
        strategy: 'auto', 'ddp', ..
        precision: '32-true', 'bf16-mixed', '16-mixed', ..
        compile: True uses torch.compile.
        threads: CPU threads of each process; 0 leaves torch's choice.
        log_every: steps between two entries in the TensorBoard log.
        progress_bar: True draws a progress bar.
    """

    max_minutes: float = 0.0
    max_steps: int = -1
    max_epochs: int = -1
    checkpoint_minutes: float = 5.0
    validate_every: int = 1000
    detach_flow: bool = True
    stratified_steps: bool = False
    seed: int = 0
    accelerator: str = 'auto'
    devices: int | str = 'auto'
    nodes: int = 1
    strategy: str = 'auto'
    precision: str = '32-true'
    compile: bool = False
    threads: int = 0
    log_every: int = 20
    progress_bar: bool = True

    def __post_init__(self) -> None:
        require(self.max_minutes >= 0, self, 'max_minutes', '0 (no limit) or more')
        for name in ('max_steps', 'max_epochs'):
            require(getattr(self, name) >= -1, self, name, '-1 (no limit) or more')
        require(self.checkpoint_minutes > 0, self, 'checkpoint_minutes', 'positive')
        require(self.validate_every >= 1, self, 'validate_every', 'at least 1')
        require(self.nodes >= 1, self, 'nodes', 'at least 1')
        require(self.threads >= 0, self, 'threads', '0 or more')
        require(self.log_every >= 1, self, 'log_every', 'at least 1')


@dataclass(frozen=True)
class CardSettings:
    """The finished bundle's description of itself.

    Attributes:
        name: name of the model.
        licence: licence of its weights; follows from the training data.
        provenance: origin of the model, one paragraph; empty lists the data's sources.
        half_precision: True stores the bundle's weights as float16, half the size.
    """

    name: str = 'untitled'
    licence: str = 'see provenance'
    provenance: str = ''
    half_precision: bool = False


@dataclass(frozen=True)
class TrainingSettings:
    """One training run. Each section's fields are described with its class.

    Attributes:
        format: motion format, 'beat' or 'show'; the data must have it.
        network: sizes of UniEG.
        features: settings of the audio features; become part of the bundle.
        diffusion: noise schedule.
        foppas: the bundle's settings for long motion.
        batches: batches from shards.
        loss: weights of the losses.
        optimiser: optimiser, schedule and moving average.
        run: limits and devices.
        card: the bundle's description of itself.
    """

    format: str = 'beat'
    network: NetworkSizes = NetworkSizes(num_speakers=30)
    features: FeatureConfig = FeatureConfig()
    diffusion: DiffusionConfig = DiffusionConfig()
    foppas: FoppasConfig = FoppasConfig()
    batches: BatchSettings = BatchSettings()
    loss: LossSettings = LossSettings()
    optimiser: OptimiserSettings = OptimiserSettings()
    run: RunSettings = RunSettings()
    card: CardSettings = CardSettings()

    def __post_init__(self) -> None:
        require(self.format in FORMATS, self, 'format', f'one of {", ".join(FORMATS)}')

    @property
    def motion_format(self) -> MotionFormat:
        """The channels, frame rate and window that ``format`` names."""
        return FORMATS[self.format]

    def bundle_config(
        self, provenance: str = '', speaker_names: tuple[str, ...] = ()
    ) -> BundleConfig:
        """Return the config of the bundle that this run writes, checked as a whole."""
        format_ = self.motion_format
        network = NetworkConfig(
            **vars(self.network),
            gesture_dim=format_.gesture_dim,
            expression_dim=format_.expression_dim,
            mel_dim=self.features.mel_bins,
        )
        return BundleConfig(
            name=self.card.name,
            licence=self.card.licence,
            provenance=self.card.provenance or provenance or 'not stated',
            format=format_,
            network=network,
            diffusion=self.diffusion,
            foppas=self.foppas,
            features=self.features,
            speaker_names=speaker_names,
        )
