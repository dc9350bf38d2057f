"""The auto-encoder for the latent features of Frechet distances, and its folder.

<dir>/autoencoder.json     the protocol record, and the SHA-256 of the weights
<dir>/weights.safetensors  the network, and stats.mean, stats.std of its channels
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.protocol import (
    Protocol,
    group_channels,
    parse_protocol,
    protocol_text,
)
from diffsheg_model.files.atomic import atomic_path, sha256
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.untrusted.reading import reader

RECORD = 'autoencoder.json'
WEIGHTS = 'weights.safetensors'

_BATCH = 512


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, size, stride, padding=1),
        nn.BatchNorm1d(outputs),
        nn.LeakyReLU(0.2),
    )


class MotionAutoencoder(nn.Module):
    """A temporal convolutional auto-encoder of windows (B, T, C), normalised.

    It follows the auto-encoder of FGD (Yoon et al. 2020, arXiv 2009.02119, section 5.2).
    Convolutions halve the time axis twice; fully connected layers lead to the latent feature. The
    decoder mirrors the encoder. Windows have at least MIN_WINDOW frames.

    Args:
        channels: C.
        window_frames: T.
        hidden_dim: channels of the convolutions.
        latent_dim: width of the feature.
    """

    def __init__(self, channels: int, window_frames: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.window_frames = window_frames
        self.hidden_dim = hidden_dim
        quarter = window_frames // 2 // 2
        self.encoder = nn.Sequential(
            _convolution(channels, hidden_dim, 3, 1),
            _convolution(hidden_dim, hidden_dim, 4, 2),
            _convolution(hidden_dim, hidden_dim, 4, 2),
            nn.Flatten(),
            nn.Linear(hidden_dim * quarter, 4 * hidden_dim),
            nn.BatchNorm1d(4 * hidden_dim),
            nn.LeakyReLU(0.2),
            nn.Linear(4 * hidden_dim, latent_dim),
        )
        self.spread = nn.Sequential(
            nn.Linear(latent_dim, 4 * hidden_dim),
            nn.BatchNorm1d(4 * hidden_dim),
            nn.LeakyReLU(0.2),
            nn.Linear(4 * hidden_dim, hidden_dim * (quarter + 1)),
        )
        self.decoder = nn.Sequential(
            nn.Upsample(scale_factor=2),
            _convolution(hidden_dim, hidden_dim, 3, 1),
            nn.Upsample(scale_factor=2),
            _convolution(hidden_dim, hidden_dim, 3, 1),
            nn.Conv1d(hidden_dim, channels, 3, padding=1),
        )

    def encode(self, windows: Tensor) -> Tensor:
        """Return the features (B, latent_dim) of windows (B, T, C)."""
        return self.encoder(windows.transpose(1, 2))

    def forward(self, windows: Tensor) -> Tensor:
        """Return the windows (B, T, C), reconstructed from their features."""
        wide = self.spread(self.encode(windows)).unflatten(1, (self.hidden_dim, -1))
        return self.decoder(wide)[:, :, : self.window_frames].transpose(1, 2)


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """An auto-encoder ready to use.

    Attributes:
        id: short hash of record and weights; only distances with equal ids compare.
        protocol: record of its training.
        network: the network in eval mode.
        mean, std: (C,) float32 of the group's channels; std is 0 for still channels.
    """

    id: str
    protocol: Protocol
    network: MotionAutoencoder
    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def encode(self, windows: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the features of windows.

        Args:
            windows: (N, T, all channels of the format), physical units.
            valid: (all channels,) bool; other channels are set to their mean.

        Returns:
            (N, latent_dim).
        """
        group = group_channels(self.protocol.format, self.protocol.channels)
        features = []
        with torch.inference_mode():
            for start in range(0, len(windows), _BATCH):
                part = normalised(
                    windows[start : start + _BATCH, :, group], self.mean, self.std, valid[group]
                )
                features.append(self.network.encode(torch.from_numpy(part)).double().numpy())
        empty = np.zeros((0, self.protocol.latent_dim))
        return np.concatenate([empty, *features])


def normalised(
    values: NDArray[np.float32],
    mean: NDArray[np.float32],
    std: NDArray[np.float32],
    valid: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Return (values - mean) / std over the last axis; 0 for still and invalid channels."""
    counts = valid & (std > 0)
    scaled = (values - mean) / np.where(counts, std, 1)
    return np.where(counts, scaled, 0).astype(np.float32)


def _build(protocol: Protocol) -> MotionAutoencoder:
    group = group_channels(protocol.format, protocol.channels)
    return MotionAutoencoder(
        group.stop - group.start, protocol.window_frames, protocol.hidden_dim, protocol.latent_dim
    )


def save_autoencoder(
    path: Path,
    protocol: Protocol,
    network: MotionAutoencoder,
    mean: NDArray[np.float32],
    std: NDArray[np.float32],
) -> Autoencoder:
    """Write the folder atomically and read it back."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in _state(network).items()}
    tensors['stats.mean'] = torch.from_numpy(np.asarray(mean, np.float32))
    tensors['stats.std'] = torch.from_numpy(np.asarray(std, np.float32))
    weights = safetensors.torch.save(tensors)
    with atomic_path(path) as folder:
        folder.mkdir()
        (folder / WEIGHTS).write_bytes(weights)
        (folder / RECORD).write_text(protocol_text(protocol, hashlib.sha256(weights).hexdigest()))
    return load_autoencoder(path)


def _state(network: MotionAutoencoder) -> dict[str, Tensor]:
    # Counters of batches do not affect the features.
    state = network.state_dict()
    return {name: v for name, v in state.items() if not name.endswith('num_batches_tracked')}


@reader('an auto-encoder')
def load_autoencoder(path: Path) -> Autoencoder:
    """Read and check an auto-encoder.

    Raises:
        InputError: it is missing, truncated or no auto-encoder.
    """
    record, weights = path / RECORD, path / WEIGHTS
    for file in (record, weights):
        if not file.is_file():
            raise InputError(
                f'{path} is not an auto-encoder: it has no {file.name}; make one with '
                '`diffsheg train-autoencoder`'
            )
    protocol, digest, id_ = parse_protocol(record.read_bytes(), record)
    if sha256(weights) != digest:
        raise InputError(
            f'{weights} is not the file that {RECORD} describes (cut, changed or of another '
            'auto-encoder); copy it again'
        )
    with torch.device('meta'):
        parameters = sum(each.numel() for each in _build(protocol).parameters())
    if 4 * parameters > weights.stat().st_size:
        raise InputError(f'{weights} does not fit {RECORD}; train the auto-encoder again')
    network = _build(protocol)
    try:
        tensors = safetensors.torch.load_file(weights)
        mean, std = tensors.pop('stats.mean').numpy(), tensors.pop('stats.std').numpy()
        missing, foreign = network.load_state_dict(tensors, strict=False)
    except (KeyError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(
            f'{weights} does not fit {RECORD}; train the auto-encoder again'
        ) from error
    missing = [name for name in missing if not name.endswith('num_batches_tracked')]
    group = group_channels(protocol.format, protocol.channels)
    if missing or foreign or mean.shape != (group.stop - group.start,) or std.shape != mean.shape:
        raise InputError(f'{weights} does not fit {RECORD}; train the auto-encoder again')
    return Autoencoder(id_, protocol, network.eval(), mean, std)


def check_format(autoencoder: Autoencoder, format_: MotionFormat, path: Path) -> None:
    """Raise InputError if an auto-encoder is for another format than ``format_``."""
    own = autoencoder.protocol.format
    if not autoencoder.protocol.fits(format_):
        raise InputError(
            f'{path} takes {own.name} motion ({own.channels} channels, {own.fps:g} fps), not '
            f'{format_.name} ({format_.channels} channels, {format_.fps:g} fps); train one on '
            'data of this format'
        )
