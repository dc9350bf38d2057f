"""Training batches of windows of takes."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler, Sampler, WeightedRandomSampler

from diffsheg_model.config import NetworkConfig
from diffsheg_model.data.shards import (
    ANY_SPEAKER,
    ShardFolder,
    Take,
    open_shards,
)
from diffsheg_model.data.statistics import STILL, compute_stats, settle
from diffsheg_model.errors import InputError
from diffsheg_model.features.mel import transform_mel
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.training.mel_augment import augment_mel
from diffsheg_model.training.settings import TrainingSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DataRoot:
    """A folder of shards and its weight relative to other folders.

    If all weights are None, every window counts once. Otherwise the weight of a folder is its share
    of the drawn windows, however many it has.
    """

    path: Path
    weight: float | None = None

    @classmethod
    def parse(cls, text: str) -> 'DataRoot':
        """Parse 'DIR' or 'DIR:WEIGHT'; an existing folder of the whole name takes precedence."""
        path, colon, weight = text.rpartition(':')
        if not colon or Path(text).is_dir():
            return cls(Path(text))
        try:
            value = float(weight)
        except ValueError:
            return cls(Path(text))
        if not 0 < value < np.inf:
            raise InputError(f'--data {text}: the weight must be positive, not {weight}')
        return cls(Path(path), value)


@dataclass(frozen=True)
class TrainingTakes:
    """All takes of a run, with the statistics for normalisation.

    Attributes:
        takes: takes of all folders.
        folder_of: index of the folder of each take.
        shares: share of each folder in the drawn windows; None counts every window once.
        mean, std: (C,) float32; std is 0 for channels that never move.
        speaker_names: names of the style one-hot; empty if the data names none.
        provenance: sources and licences, one line.
    """

    takes: tuple[Take, ...]
    folder_of: tuple[int, ...]
    shares: tuple[float, ...] | None
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    speaker_names: tuple[str, ...]
    provenance: str


def open_training_takes(
    roots: Sequence[DataRoot],
    settings: TrainingSettings,
    network: NetworkConfig,
    statistics: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> TrainingTakes:
    """Open every root and check that it fits the settings.

    Statistics are ``statistics`` if given (fine-tuning keeps those of the bundle). With a single
    folder they come from its stats.npz; otherwise they are computed here.

    Raises:
        InputError: a folder is unusable, or its format differs from the settings.
    """
    format_ = settings.motion_format
    if not roots:
        raise InputError('no training data: give --data DIR, as `diffsheg prepare` writes it')
    folders = []
    for root in roots:
        folder = open_shards(
            root.path, network.mel_dim, network.speech_dim, settings.batches.in_memory
        )
        _check_fit(folder, format_, settings.network.num_speakers)
        folders.append(folder)
    shares = None
    if any(root.weight is not None for root in roots):
        shares = tuple(1.0 if root.weight is None else root.weight for root in roots)
    takes = tuple(take for folder in folders for take in folder.takes)
    folder_of = tuple(n for n, folder in enumerate(folders) for _ in folder.takes)
    names = next((folder.speaker_names for folder in folders if folder.speaker_names), ())
    if len(names) != settings.network.num_speakers:
        names = ()
    if statistics is not None:
        mean, std = statistics
    else:
        mean, std = _statistics(folders, shares)
        std = settle(std, settings.batches.std_floor)
    return TrainingTakes(takes, folder_of, shares, mean, std, names, _provenance(takes))


def _statistics(
    folders: Sequence[ShardFolder], shares: Sequence[float] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if len(folders) == 1 and folders[0].mean is not None and folders[0].std is not None:
        return folders[0].mean, folders[0].std
    each = [1.0] * len(folders)
    if shares is not None:
        frames = [sum(len(take.motion) for take in folder.takes) for folder in folders]
        each = [share / max(count, 1) for share, count in zip(shares, frames, strict=True)]
    weighted = (
        (take, weight)
        for folder, weight in zip(folders, each, strict=True)
        for take in folder.takes
    )
    return compute_stats(weighted, folders[0].format.channels)


def _check_fit(folder: ShardFolder, format_: MotionFormat, num_speakers: int) -> None:
    found = folder.format
    if found != format_:
        raise InputError(
            f'{folder.path} holds {found.name} motion ({found.channels} channels, '
            f'{found.fps:g} fps), the preset trains {format_.name} ({format_.channels} channels, '
            f'{format_.fps:g} fps); choose the preset for this data'
        )
    for take in folder.takes:
        if take.speaker >= num_speakers:
            raise InputError(
                f'{take.path}/take.json: speaker {take.speaker} does not fit '
                f'network.num_speakers = {num_speakers} (speakers count from 0)'
            )


def _provenance(takes: Sequence[Take]) -> str:
    """Return the number of takes by licence, the most frequent first."""
    licences = Counter(take.licence or 'licence not stated' for take in takes)
    return '; '.join(f'{count} takes: {name}' for name, count in licences.most_common())


class MotionWindows(Dataset[dict[str, Tensor]]):
    """Data set of windows of T frames, fetched a batch at a time.

    A batch holds normalised ``motion`` (B, T, C), transformed ``mel`` (B, T, bins) and one-hot
    ``speaker`` (B, num_speakers). ``mask`` (B, C) is 1 for valid channels; ``take`` and ``start``
    are (B,) int64. ``speech`` (B, T, S) and ``semantic`` (B, T) are there if the data has them.

    Channels that a take lacks are filled from other windows of the batch, so that the network
    cannot recognise such takes by a still face. The mask keeps them out of the loss. Channels that
    are not valid but were filled in plausibly stay as they are, also out of the loss. Still
    channels, and channels that no take has, are constant.

    Args:
        data: the takes.
        settings: format, features and batches.
        training: True to drop still windows, augment, and draw by weight.

    Raises:
        InputError: no window is left.
    """

    def __init__(
        self, data: TrainingTakes, settings: TrainingSettings, training: bool = True
    ) -> None:
        self.takes = data.takes
        self.settings = settings
        self.training = training
        self.frames = settings.motion_format.window_frames
        self._mean, self._still = data.mean, data.std < STILL
        self._scale = np.where(self._still, 1, data.std).astype(np.float32)
        self._has_semantic = any(take.semantic is not None for take in self.takes)
        valid = np.stack([take.valid for take in self.takes])
        self._absent = ~valid.any(axis=0)
        self._mask = valid | self._absent
        self._filled = ~np.stack([take.lacking for take in self.takes]) | self._absent
        self._index = self._plan()
        self.weights = self._weigh(data)

    def _plan(self) -> NDArray[np.int64]:
        """Return the starts of windows as rows (take, start)."""
        batches = self.settings.batches
        stride = batches.stride if self.training else self.frames
        threshold = batches.still_threshold if self.training else 0.0
        rows, still, short = [], 0, 0
        for number, take in enumerate(self.takes):
            starts = np.arange(0, len(take.motion) - self.frames + 1, stride)
            short += len(starts) == 0
            if threshold > 0 and len(starts):
                moving = self._moves(take, starts, threshold)
                still += int((~moving).sum())
                starts = starts[moving]
            rows.append(np.stack([np.full(len(starts), number), starts], axis=1))
        index = np.concatenate(rows).astype(np.int64)
        if not len(index):
            raise InputError(
                f'no training window: {short} of {len(self.takes)} takes are shorter than '
                f'{self.frames} frames and {still} windows hardly move; give more data or lower '
                'batches.still_threshold'
            )
        if short or still:
            logger.info('left out: %d takes too short, %d windows that hardly move', short, still)
        return index

    def _weigh(self, data: TrainingTakes) -> NDArray[np.float64] | None:
        """Return the weight of each window in drawing; None if every window counts once."""
        if data.shares is None:
            return None
        folders = np.asarray(data.folder_of)[self._index[:, 0]]
        windows = np.bincount(folders, minlength=len(data.shares))
        return np.asarray(data.shares)[folders] / windows[folders]

    def _moves(self, take: Take, starts: NDArray[np.int64], threshold: float) -> NDArray[np.bool_]:
        channels = slice(0, self.settings.motion_format.gesture_dim)
        if not take.valid[channels].all():
            return np.ones(len(starts), bool)
        distance = np.abs(take.motion[:, channels] - self._mean[channels]).mean(axis=1)
        sums = np.concatenate([[0.0], np.cumsum(distance, dtype=np.float64)])
        return (sums[starts + self.frames] - sums[starts]) / self.frames >= threshold

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, item: int) -> dict[str, Tensor]:
        return {name: values[0] for name, values in self.__getitems__([item]).items()}

    def __getitems__(self, items: Sequence[int]) -> dict[str, Tensor]:
        rows = self._index[np.asarray(items)]
        random = np.random.default_rng(int(torch.randint(2**62, ())) if self.training else 0)

        def windows(name: str) -> NDArray[np.float32]:
            return np.stack([getattr(self.takes[n], name)[s : s + self.frames] for n, s in rows])

        numbers = rows[:, 0]
        motion = (windows('motion') - self._mean) / self._scale
        motion[:, :, self._still | self._absent] = 0
        _fill_missing(motion, self._filled[numbers], random)
        mel = windows('mel')
        if self.training:
            mel = augment_mel(mel, self.settings.batches, random)
        batch = {
            'motion': motion,
            'mel': transform_mel(mel, self.settings.features.mel_transform),
            'speaker': self._speakers(numbers, random),
            'mask': self._mask[numbers].astype(np.float32),
            'take': numbers,
            'start': rows[:, 1],
        }
        if self.settings.network.speech_dim:
            speech = windows('speech').astype(np.float32)
            if self.training and self.settings.batches.speech_noise:
                noise = random.standard_normal(speech.shape, np.float32)
                speech += np.float32(self.settings.batches.speech_noise) * noise
            batch['speech'] = speech
        if self._has_semantic:
            batch['semantic'] = np.stack([self._semantic(n, s) for n, s in rows])
        return {name: torch.from_numpy(values) for name, values in batch.items()}

    def _speakers(
        self, numbers: NDArray[np.int64], random: np.random.Generator
    ) -> NDArray[np.float32]:
        count = self.settings.network.num_speakers
        speakers = np.array([self.takes[number].speaker for number in numbers])
        free = speakers == ANY_SPEAKER
        known = sorted({take.speaker for take in self.takes} - {ANY_SPEAKER}) or range(count)
        speakers[free] = random.choice(np.asarray(known), free.sum())
        return np.eye(count, dtype=np.float32)[speakers]

    def _semantic(self, number: int, start: int) -> NDArray[np.float32]:
        scores = self.takes[number].semantic
        if scores is None:
            return np.zeros(self.frames, np.float32)
        return scores[start : start + self.frames]


def _fill_missing(
    motion: NDArray[np.float32], valid: NDArray[np.bool_], random: np.random.Generator
) -> None:
    """Fill channels of ``motion`` (B, T, C) that are not ``valid`` (B, C), in place.

    Each window takes them from one other window that has all of them; else they are 0.
    """
    for row in np.flatnonzero(~valid.all(axis=1)):
        missing = ~valid[row]
        donors = np.flatnonzero(valid[:, missing].all(axis=1))
        motion[row][:, missing] = motion[random.choice(donors)][:, missing] if len(donors) else 0.0


def _batch(fetched: Any) -> Any:
    # __getitems__ returns whole batches.
    return fetched


def make_loader(
    windows: MotionWindows, settings: TrainingSettings
) -> DataLoader[dict[str, Tensor]]:
    """Return a loader of ``windows``: random for training, in order and complete for validation."""
    batches = settings.batches
    sampler: Sampler[int] | None = None
    if windows.training:
        count = batches.epoch_windows or len(windows)
        if windows.weights is not None:
            sampler = WeightedRandomSampler(windows.weights.tolist(), count)
        else:
            sampler = RandomSampler(windows)
    return DataLoader(
        windows,
        batch_size=min(batches.batch_size, len(windows)),
        sampler=sampler,
        num_workers=batches.workers,
        collate_fn=_batch,
        drop_last=windows.training,
        persistent_workers=batches.workers > 0,
    )
