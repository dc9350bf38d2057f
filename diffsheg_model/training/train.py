"""A training run: settings from files, Lightning's Trainer, and the bundle at the end."""

import dataclasses
import logging
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar, Timer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from diffsheg_model.bundle import MANIFEST, Bundle, load_bundle
from diffsheg_model.config import BundleConfig, NetworkSizes
from diffsheg_model.data.speech_features import encode_takes
from diffsheg_model.data.statistics import STILL
from diffsheg_model.engines.compiled_code import keep_compiled_code
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import default_folder
from diffsheg_model.files.atomic import check_replaceable
from diffsheg_model.files.user_folders import cache_home
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.network.save_bundle import save_bundle
from diffsheg_model.training.ema import MovingAverage
from diffsheg_model.training.module import UniEGModule
from diffsheg_model.training.settings import TrainingSettings
from diffsheg_model.training.settings_file import write_settings
from diffsheg_model.training.windows import (
    DataRoot,
    MotionWindows,
    TrainingTakes,
    make_loader,
    open_training_takes,
)

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class _Start:
    """Start of a run: settings, network and, for fine-tuning, weights and statistics."""

    settings: TrainingSettings
    config: BundleConfig
    skeleton: Skeleton
    statistics: tuple[NDArray[np.float32], NDArray[np.float32]] | None
    tensors: dict[str, torch.Tensor] | None


def _start_from(settings: TrainingSettings, bundle: Bundle | None) -> _Start:
    if bundle is None:
        return _Start(settings, settings.bundle_config(), human(settings.format), None, None)
    config = bundle.config
    if config.format != settings.motion_format:
        raise InputError(
            f'{bundle.path} generates {config.format.name} motion ({config.format.channels} '
            f'channels), the preset trains {settings.format}; choose the preset for this bundle'
        )
    sizes = {f.name: getattr(config.network, f.name) for f in dataclasses.fields(NetworkSizes)}
    settings = dataclasses.replace(
        settings,
        network=NetworkSizes(**sizes),
        features=config.features,
        diffusion=config.diffusion,
        foppas=config.foppas,
    )
    tensors = {
        name: torch.from_numpy(values.astype(np.float32) if values.dtype.kind == 'f' else values)
        for name, values in bundle.tensors().items()
    }
    return _Start(settings, config, bundle.skeleton, (bundle.mean, bundle.std), tensors)


def _rank() -> int:
    """Return the index of this process in the run; process 0 starts the others."""
    return int(getattr(rank_zero_only, 'rank', 0))


def _newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint; truncated ones are skipped."""
    for path in sorted(folder.glob('*.ckpt'), reverse=True):
        if zipfile.is_zipfile(path):
            return path
        logger.warning('%s is cut; trying the one before it', path)
    return None


def _trainer(settings: TrainingSettings, output: Path, has_validation: bool) -> L.Trainer:
    run, optimiser = settings.run, settings.optimiser
    # Lightning's tips and device notes are of no use here.
    logging.getLogger('lightning.pytorch').setLevel(logging.WARNING)
    callbacks: list[L.Callback] = [
        MovingAverage(optimiser.ema_decay),
        ModelCheckpoint(
            output / 'checkpoints',
            # Zero-padded, so that names sort by step.
            filename='{step:09d}',
            auto_insert_metric_name=False,
            train_time_interval=timedelta(minutes=run.checkpoint_minutes),
        ),
    ]
    if run.max_minutes > 0:
        callbacks.append(Timer(timedelta(minutes=run.max_minutes), verbose=False))
    if run.progress_bar:
        callbacks.append(RichProgressBar(refresh_rate=max(1, run.log_every // 4)))
    return L.Trainer(
        accelerator=run.accelerator,
        devices=run.devices,
        num_nodes=run.nodes,
        strategy=run.strategy,
        precision=run.precision,  # type: ignore[arg-type]
        max_steps=run.max_steps,
        max_epochs=run.max_epochs,
        gradient_clip_val=optimiser.gradient_clip,
        accumulate_grad_batches=optimiser.accumulate,
        sync_batchnorm=True,
        callbacks=callbacks,
        logger=TensorBoardLogger(output, name=None, version='tensorboard'),
        log_every_n_steps=run.log_every,
        enable_progress_bar=run.progress_bar,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if has_validation else 0,
        val_check_interval=run.validate_every if has_validation else 1.0,
        check_val_every_n_epoch=None if has_validation else 1,
    )


def train_model(
    settings: TrainingSettings,
    data: Sequence[DataRoot],
    output: Path,
    validation: Sequence[DataRoot] = (),
    resume: bool = False,
    init_from: Path | None = None,
    speech_encoder: Path | None = None,
) -> Path:
    """Train, and write a bundle of the averaged weights.

    ``output`` gets settings.yaml, checkpoints/, tensorboard/ and, at the end, bundle/.

    Args:
        settings: settings of the run.
        data: folders of shards to train on.
        output: folder of the run; created if missing.
        validation: folders of shards to validate on.
        resume: go on from the newest checkpoint of ``output``; without one, start anew.
        init_from: bundle to fine-tune; its network, features and statistics are kept.
        speech_encoder: folder of the exported encoder, which is copied into the bundle. None for
            that of ``init_from``, or else the one in `default_folder()`, which is not copied.
            Takes without its features get them.

    Returns:
        The bundle's folder.

    Raises:
        InputError: the data or the bundle does not fit, the run exists already, the disk is full,
            or the loss is no longer finite.
    """
    run = settings.run
    checkpoint = _check_run(settings, output, resume)
    initial = load_bundle(init_from) if init_from else None
    start = _start_from(settings, initial)
    settings = start.settings
    if run.threads:
        torch.set_num_threads(run.threads)
    if settings.network.speech_dim:
        speech_encoder = speech_encoder or (initial.speech_folder if initial else None)
        _add_speech_features((*data, *validation), settings, speech_encoder)
    L.seed_everything(run.seed, workers=True, verbose=False)

    opened = open_training_takes(data, settings, start.config.network, start.statistics)
    windows = MotionWindows(opened, settings)
    measuring = _validation_loader(validation, start, opened) if validation else None
    module = _module(start, opened)
    size = sum(p.numel() for p in module.network.parameters()) / 1e6
    logger.info('%d takes, %d windows; %.2f M parameters', len(opened.takes), len(windows), size)
    trainer = _trainer(settings, output, bool(validation))
    if trainer.is_global_zero:
        write_settings(settings, output / 'settings.yaml')
    with _readable_errors(output, checkpoint if resume else None):
        _fit(trainer, module, make_loader(windows, settings), measuring, checkpoint)
        trainer.save_checkpoint(output / 'checkpoints' / f'{trainer.global_step:09d}.ckpt')
        if trainer.is_global_zero:
            _write_bundle(module, opened, start, output / 'bundle', speech_encoder)
        trainer.strategy.barrier('bundle')
    return output / 'bundle'


def _check_run(settings: TrainingSettings, output: Path, resume: bool) -> Path | None:
    """Return the checkpoint to resume from, None without one.

    Raises:
        InputError: the run has no end, or the folder holds a run or other files already.
    """
    run = settings.run
    if run.max_minutes == 0 and run.max_steps == -1 and run.max_epochs == -1:
        raise InputError('the run has no end: set max_minutes, run.max_steps or run.max_epochs')
    checkpoint = _newest_checkpoint(output / 'checkpoints')
    if checkpoint is not None and not resume and _rank() == 0:
        raise InputError(f'{output} holds a run already; add --resume or choose another folder')
    check_replaceable(output / 'bundle', MANIFEST)
    return checkpoint


def _add_speech_features(
    roots: Sequence[DataRoot], settings: TrainingSettings, speech_encoder: Path | None
) -> None:
    """Compute the speech features of all takes that lack them."""
    for root in roots:
        encode_takes(
            root.path,
            speech_encoder or default_folder(),
            settings.features,
            settings.foppas.overlap,
        )


def _validation_loader(
    validation: Sequence[DataRoot], start: _Start, opened: TrainingTakes
) -> DataLoader[dict[str, torch.Tensor]]:
    """Open validation data, normalised as the training data."""
    statistics = opened.mean, opened.std
    measured = open_training_takes(validation, start.settings, start.config.network, statistics)
    return make_loader(MotionWindows(measured, start.settings, training=False), start.settings)


def _module(start: _Start, opened: TrainingTakes) -> UniEGModule:
    """Build the network, or take over the weights to begin from."""
    still = torch.from_numpy(opened.std < STILL)
    module = UniEGModule(start.settings, start.config.network, still)
    if start.tensors is None:
        module.ignore_still_channels()
    else:
        module.network.load_state_dict(start.tensors)
        module.find_ignored_channels()
    if start.settings.run.compile:
        keep_compiled_code(cache_home() / 'diffsheg' / 'training' / 'inductor')
        module.network.compile()
    return module


def _fit(
    trainer: L.Trainer,
    module: UniEGModule,
    training: DataLoader[dict[str, torch.Tensor]],
    measuring: DataLoader[dict[str, torch.Tensor]] | None,
    checkpoint: Path | None,
) -> None:
    with warnings.catch_warnings():
        # The compact preset is made for few cores and data in memory.
        warnings.filterwarnings('ignore', message='.*does not have many workers.*')
        warnings.filterwarnings('ignore', message='.*in the middle of an epoch.*')
        warnings.filterwarnings('ignore', message='.*exists and is not empty.*')
        trainer.fit(module, training, measuring, ckpt_path=checkpoint, weights_only=True)


@contextmanager
def _readable_errors(output: Path, resumed: Path | None) -> Iterator[None]:
    """Raise InputError for a full disk and for a checkpoint of another network."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f'cannot write to {output}: {error.strerror or error}; make room and go on with '
            '--resume'
        ) from error
    except (RuntimeError, KeyError, pickle.UnpicklingError) as error:
        if resumed and 'state_dict' in str(error):
            raise InputError(
                f'{resumed} is of another network than the settings; resume with the settings '
                f'in {output}/settings.yaml'
            ) from error
        raise


def _write_bundle(
    module: UniEGModule, opened: TrainingTakes, start: _Start, path: Path, speech: Path | None
) -> None:
    settings = start.settings
    config = settings.bundle_config(opened.provenance, opened.speaker_names)
    if not opened.speaker_names:
        config = dataclasses.replace(config, speaker_names=start.config.speaker_names)
    state = {}
    for name, tensor in module.network.state_dict().items():
        values = tensor.detach().cpu().numpy()
        if settings.card.half_precision and values.dtype == np.float32:
            values = values.astype(np.float16)
        state[name] = values
    save_bundle(path, config, state, opened.mean, opened.std, start.skeleton, speech=speech)
