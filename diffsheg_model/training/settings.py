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
    """How shards become batches.

    Attributes:
        stride: frames between the starts of two training windows. Published 10.
        still_threshold: windows whose gesture stays nearer than this to its mean pose are
            dropped, mean absolute deviation in radians. 0 keeps all.
        std_floor: channels whose standard deviation is less (radians, weights) count as still:
            the bundle keeps them at their mean, and the network need not learn them.
        in_memory: whether the shards are read into memory instead of mapped.
        batch_size: windows a step and device.
        epoch_windows: windows drawn an epoch where the data folders have weights; 0 for as many
            as there are.
        workers: processes that prepare batches; 0 does it in the training process.
        gain_db: the mel of a window is made louder or quieter by up to this, drawn anew each
            time. 0 for none, as published.
        tilt_db: the same for a slope over the mel bands, dB from the lowest to the highest.
        noise_floor: largest power of the stationary noise added to the mel, drawn
            log-uniformly from 1e-6 up. 0 for none, as published.
        speech_noise: deviation of the noise added to the speech features, in the features' own
            unit; keeps a network from learning few speakers by heart. 0 for none, as published.
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
    """Optimiser, its schedule, and the moving average of the weights.

    Attributes:
        name: 'adam' as published, or 'adamw'.
        learning_rate: peak rate. Published 2e-4.
        weight_decay: of AdamW; biases and norms are left out.
        warmup_steps: steps over which the rate rises from 0.
        schedule: 'constant' as published, or 'cosine' down to final_fraction at the end of
            max_steps or max_minutes, whichever is nearer.
        final_fraction: where the cosine ends, as a share of learning_rate.
        gradient_clip: largest norm of the gradient. Published 0.5.
        accumulate: batches whose gradients are summed before a step.
        learns: 'all'; or the only branch that learns, 'expression' or 'gesture', while the rest of
            the network stays as it is: the two need different amounts of training, and data may
            have a face or a body alone.
        ema_decay: decay of the exponential moving average that becomes the bundle; rises to this
            from 0.1 over the first steps.
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
    """How long and on what to train.

    Attributes:
        max_minutes: stop after so many minutes of training, those before a resume included;
            0 for no limit.
        max_steps: stop after so many steps; -1 for no limit.
        max_epochs: stop after so many epochs; -1 for no limit. Published 1000.
        checkpoint_minutes: minutes between checkpoints, the most that a killed run loses.
        validate_every: steps between validations, where validation data is given.
        detach_flow: whether the gesture's loss stops at the expression's clean motion, as
            published.
        stratified_steps: whether a batch's diffusion steps are spread evenly over 0..999, each
            still uniform, instead of drawn independently; less noise in small batches.
        seed: of the weights, the order of the data and the noise.
        accelerator: 'auto', 'cpu', 'gpu', ..: Lightning's Trainer.
        devices: how many on each node, or 'auto'.
        nodes: machines.
        strategy: 'auto', 'ddp', ..
        precision: '32-true', 'bf16-mixed', '16-mixed', ..
        compile: whether torch.compile is used.
        threads: CPU threads of each process; 0 leaves torch's choice.
        log_every: steps between two entries in the TensorBoard log.
        progress_bar: whether the progress bar is drawn.
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
    """What the finished bundle says about itself.

    Attributes:
        name: of the model.
        licence: of its weights; follows from the training data.
        provenance: where it comes from, one paragraph; empty lists the data's sources.
        half_precision: whether the bundle stores its weights as float16, half the size.
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
        features: how audio becomes features; becomes part of the bundle.
        diffusion: noise schedule.
        foppas: how the bundle generates long motion.
        batches: how shards become batches.
        loss: weights of the losses.
        optimiser: optimiser, schedule, moving average.
        run: limits and devices.
        card: what the bundle says about itself.
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
        """The config of the bundle that this run writes; checks that its parts fit together."""
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
