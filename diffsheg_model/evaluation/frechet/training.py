"""Training of the auto-encoder of Frechet distances."""

import logging
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import RichProgressBar, Timer
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from diffsheg_model.checked_fields import require
from diffsheg_model.data.shards import Take, open_shards
from diffsheg_model.data.statistics import compute_stats, settle
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.autoencoder import (
    RECORD,
    Autoencoder,
    MotionAutoencoder,
    normalised,
    save_autoencoder,
)
from diffsheg_model.evaluation.frechet.protocol import Protocol, check_sizes, group_channels
from diffsheg_model.evaluation.frechet.windows import check_finite, digest_takes, has_channels
from diffsheg_model.motion.motion_format import MotionFormat

logger = logging.getLogger(__name__)

STD_FLOOR = 1e-3
"""Radians or weight: channels with a smaller deviation are still and left out of distances."""

HELD_OUT = 0.1
"""Share of the takes that are held out to measure the error of reconstruction."""


# Options that the protocol keeps under the same name.
_SHARED = (
    'channels',
    'window_frames',
    'stride',
    'latent_dim',
    'hidden_dim',
    'batch_size',
    'learning_rate',
    'seed',
)


@dataclass(frozen=True)
class AutoencoderOptions:
    """Options of a training run.

    Attributes:
        channels: 'gesture', 'expression' or 'all'.
        window_frames: frames of a window. Published 34.
        stride: frames between the starts of windows.
        latent_dim: width of the features. Published 32; a distance needs more windows than this.
        hidden_dim: channels of the convolutions.
        batch_size: windows a step.
        learning_rate: learning rate of Adam.
        max_steps: number of steps at most.
        max_minutes: minutes at most; 0 for no limit.
        seed: seed of weights, order and held-out takes.
        progress_bar: True to draw the progress bar.
    """

    channels: str
    window_frames: int = 34
    stride: int = 10
    latent_dim: int = 32
    hidden_dim: int = 64
    batch_size: int = 128
    learning_rate: float = 5e-4
    max_steps: int = 20000
    max_minutes: float = 10.0
    seed: int = 0
    progress_bar: bool = True

    def __post_init__(self) -> None:
        require(self.max_steps >= 1, self, 'max_steps', 'at least 1')
        require(self.max_minutes >= 0, self, 'max_minutes', '0 (no limit) or more')
        check_sizes(self)


class _Windows(Dataset[tuple[Tensor, Tensor]]):
    """Data set of windows (T, C) and masks (C,) of their valid channels, fetched in batches."""

    def __init__(
        self,
        takes: Sequence[Take],
        group: slice,
        statistics: tuple[NDArray[np.float32], NDArray[np.float32]],
        window_frames: int,
        stride: int,
    ) -> None:
        frames, starts, owners = [], [], []
        begin = 0
        for number, take in enumerate(takes):
            valid = take.valid[group]
            frames.append(normalised(take.motion[:, group], *statistics, valid))
            first = np.arange(0, len(take.motion) - window_frames + 1, stride)
            starts.append(begin + first)
            owners.append(np.full(len(first), number))
            begin += len(take.motion)
        self._frames = torch.from_numpy(np.concatenate(frames))
        self._starts = torch.from_numpy(np.concatenate(starts))
        self._owners = torch.from_numpy(np.concatenate(owners))
        counts = np.stack([take.valid[group] & (statistics[1] > 0) for take in takes])
        self._masks = torch.from_numpy(counts.astype(np.float32))
        self._offsets = torch.arange(window_frames)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor]:
        windows, masks = self.__getitems__([item])
        return windows[0], masks[0]

    def __getitems__(self, items: Sequence[int]) -> tuple[Tensor, Tensor]:
        chosen = torch.as_tensor(items)
        rows = self._starts[chosen, None] + self._offsets
        return self._frames[rows], self._masks[self._owners[chosen]]


def _fetched(batch: Any) -> Any:
    # __getitems__ returns whole batches.
    return batch


class _Module(L.LightningModule):
    """Training with the L1 loss of motion and frame differences (Yoon et al. 2020, code)."""

    def __init__(self, network: MotionAutoencoder, learning_rate: float) -> None:
        super().__init__()
        self.network = network
        self._learning_rate = learning_rate

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        windows, masks = batch
        error = (self.network(windows) - windows) * masks[:, None]
        share = masks.mean().clamp_min(1e-6)
        loss = (error.abs().mean() + error.diff(dim=1).abs().mean()) / share
        if not torch.isfinite(loss):
            raise InputError(
                f'training stopped at step {self.global_step}: the loss is not finite; lower '
                'the learning rate'
            )
        self.log('loss', loss, prog_bar=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), self._learning_rate)


def _split(takes: Sequence[Take], seed: int) -> tuple[list[Take], list[Take]]:
    """Split takes into training and held-out ones; a single take leaves none held out."""
    order = np.random.default_rng(seed).permutation(len(takes))
    held = max(1, round(HELD_OUT * len(takes))) if len(takes) > 1 else 0
    return [takes[n] for n in sorted(order[held:])], [takes[n] for n in sorted(order[:held])]


def _unexplained(network: MotionAutoencoder, windows: _Windows) -> float:
    """Return mean square error over mean square of valid channels; NaN without windows."""
    wrong = total = 0.0
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(windows), 512):
            values, masks = windows.__getitems__(range(start, min(start + 512, len(windows))))
            wrong += float((((network(values) - values) * masks[:, None]) ** 2).sum())
            total += float((values**2).sum())
    return wrong / total if total > 0 else float('nan')


def _open_takes(data: Sequence[Path], group: str) -> tuple[MotionFormat, list[Take], int]:
    folders = [open_shards(path) for path in data]
    format_ = folders[0].format
    for folder in folders[1:]:
        if folder.format != format_:
            raise InputError(
                f'{folder.path} holds {folder.format.name} motion and {folders[0].path} '
                f'{format_.name}; train on data of one format'
            )
    takes = [take for folder in folders for take in folder.takes]
    used = [take for take in takes if has_channels(take.valid, format_, group)]
    if not used:
        raise InputError(
            f'{", ".join(map(str, data))}: none of the {len(takes)} takes has valid {group} '
            'channels; choose other channels or other data'
        )
    for take in used:
        check_finite(take)
    return format_, used, len(takes) - len(used)


def train_autoencoder(
    data: Sequence[Path], output: Path, options: AutoencoderOptions
) -> Autoencoder:
    """Train on shards and write the auto-encoder.

    Args:
        data: folders of shards, all of one format.
        output: folder to write; an existing auto-encoder is replaced at the end.
        options: options of the run.

    Raises:
        InputError: the data is unusable, of several formats or too little, or the folder cannot
            be written.
    """
    if not data:
        raise InputError('no data: give --data DIR, as `diffsheg prepare` writes it')
    if output.is_dir() and any(output.iterdir()) and not (output / RECORD).is_file():
        raise InputError(f'{output} holds other files; name a new folder for the auto-encoder')
    format_, takes, without = _open_takes(data, options.channels)
    if without:
        logger.info('left out: %d takes without valid %s channels', without, options.channels)
    training, held_out = _split(takes, options.seed)
    statistics = _statistics(data, training, format_, options.channels)
    group = group_channels(format_, options.channels)
    windows = _Windows(training, group, statistics, options.window_frames, options.stride)
    _check_enough(data, windows, options)
    measuring = windows
    if held_out:
        measuring = _Windows(held_out, group, statistics, options.window_frames, options.stride)

    L.seed_everything(options.seed, verbose=False)
    network = MotionAutoencoder(
        group.stop - group.start, options.window_frames, options.hidden_dim, options.latent_dim
    )
    begin = time.monotonic()
    steps = _fit(network, windows, options)
    minutes = (time.monotonic() - begin) / 60
    protocol = Protocol(
        format=format_,
        **{name: getattr(options, name) for name in _SHARED},
        data_sha256=digest_takes(training),
        takes=len(training),
        windows=len(windows),
        held_out_windows=len(measuring) if held_out else 0,
        steps=steps,
        minutes=round(minutes, 3),
        unexplained=_unexplained(network.cpu(), measuring),
    )
    return save_autoencoder(output, protocol, network, *statistics)


def _statistics(
    data: Sequence[Path], training: Sequence[Take], format_: MotionFormat, channels: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation (C,) of a group's channels; the latter 0 if still.

    Raises:
        InputError: no channel of the group moves.
    """
    group = group_channels(format_, channels)
    mean, std = compute_stats(((take, 1.0) for take in training), format_.channels)
    settled = settle(std[group], STD_FLOOR)
    if not settled.any():
        raise InputError(
            f'{", ".join(map(str, data))}: no {channels} channel moves; give other data'
        )
    return mean[group], settled


def _check_enough(data: Sequence[Path], windows: _Windows, options: AutoencoderOptions) -> None:
    """Raise InputError if there are too few training windows for the width of the features."""
    needed = 4 * options.latent_dim
    if len(windows) < needed:
        raise InputError(
            f'{", ".join(map(str, data))}: too little data, {len(windows)} training windows of '
            f'{options.window_frames} frames, and {options.latent_dim} features need {needed}; '
            'give more data, or a smaller stride or latent_dim'
        )


def _fit(network: MotionAutoencoder, windows: _Windows, options: AutoencoderOptions) -> int:
    """Train ``network`` in place and return the number of steps."""
    # Lightning's tips and device notes are of no use here.
    logging.getLogger('lightning.pytorch').setLevel(logging.WARNING)
    callbacks: list[L.Callback] = []
    if options.max_minutes:
        callbacks.append(Timer(timedelta(minutes=options.max_minutes), verbose=False))
    if options.progress_bar:
        callbacks.append(RichProgressBar(refresh_rate=10))
    trainer = L.Trainer(
        accelerator='auto',
        devices=1,
        max_steps=options.max_steps,
        max_epochs=-1,
        gradient_clip_val=1.0,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=options.progress_bar,
        enable_model_summary=False,
    )
    loader = DataLoader(
        windows,
        batch_size=min(options.batch_size, len(windows)),
        sampler=RandomSampler(windows),
        collate_fn=_fetched,
        drop_last=True,
    )
    with warnings.catch_warnings():
        # The data is in memory; worker processes would only copy it.
        warnings.filterwarnings('ignore', message='.*does not have many workers.*')
        warnings.filterwarnings('ignore', message='.*number of training batches.*')
        # A warning of one library about another, on every run.
        warnings.filterwarnings('ignore', message='.*isinstance.treespec, LeafSpec.*')
        trainer.fit(_Module(network, options.learning_rate), loader)
    return trainer.global_step
