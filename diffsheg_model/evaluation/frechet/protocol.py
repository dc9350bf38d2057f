"""The protocol of a Frechet distance: the record of its auto-encoder.

Distances from different auto-encoders do not compare. So a distance is always printed with the id
of its auto-encoder.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from diffsheg_model.checked_fields import read_dataclass, require
from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion_format import MotionFormat

CHANNEL_GROUPS = ('gesture', 'expression', 'all')
"""The channels of FGD, FED and FMD (arXiv 2401.04747, section 4), in this order."""

DISTANCES = {'gesture': 'FGD', 'expression': 'FED', 'all': 'FMD'}

MIN_WINDOW = 8
"""Frames, shortest window; the encoder halves it twice."""

_LEAST = {
    'window_frames': MIN_WINDOW,
    'stride': 1,
    'latent_dim': 1,
    'hidden_dim': 1,
    'batch_size': 2,
}

_KIND = 'diffsheg auto-encoder'
_VERSION = 1


def group_channels(format_: MotionFormat, group: str) -> slice:
    """Return the channels of a group in motion of a format."""
    return {
        'gesture': slice(0, format_.gesture_dim),
        'expression': slice(format_.gesture_dim, format_.channels),
        'all': slice(0, format_.channels),
    }[group]


def check_sizes(owner: Any) -> None:
    """Raise FieldError if a field that `Protocol` and its options share is out of range."""
    groups = ', '.join(CHANNEL_GROUPS)
    require(owner.channels in CHANNEL_GROUPS, owner, 'channels', f'one of {groups}')
    for field, least in _LEAST.items():
        require(getattr(owner, field) >= least, owner, field, f'at least {least}')
    require(0 < owner.learning_rate <= 1, owner, 'learning_rate', 'in (0, 1]')


@dataclass(frozen=True)
class Protocol:
    """Training of an auto-encoder, and the windows that it takes.

    Attributes:
        format: format of the motion.
        channels: a name of CHANNEL_GROUPS.
        window_frames: frames of a window.
        stride: frames between the starts of two windows, in training and in evaluation.
        latent_dim: width of the features of distances.
        hidden_dim: channels of the convolutions.
        batch_size: windows a step.
        learning_rate: learning rate of Adam.
        seed: seed of weights, order and held-out takes.
        data_sha256: digest of the training takes' motion, see `digest_takes`.
        takes: number of training takes.
        windows: number of training windows.
        held_out_windows: number of windows that only measured the error.
        steps: steps of the optimiser.
        minutes: minutes of training.
        unexplained: unexplained variance of the held-out windows: mean square error of their
            reconstruction over their variance around the training mean. 0 is perfect, 1 is as
            good as the mean.
    """

    format: MotionFormat
    channels: str
    window_frames: int
    stride: int
    latent_dim: int
    hidden_dim: int
    batch_size: int
    learning_rate: float
    seed: int
    data_sha256: str
    takes: int
    windows: int
    held_out_windows: int
    steps: int
    minutes: float
    unexplained: float

    def __post_init__(self) -> None:
        check_sizes(self)

    @property
    def distance(self) -> str:
        """The name of the Frechet distance in these features: FGD, FED or FMD."""
        return DISTANCES[self.channels]

    @property
    def windows_needed(self) -> int:
        """Number of windows for a covariance of full rank."""
        return self.latent_dim + 1

    def fits(self, format_: MotionFormat) -> bool:
        """Return True if the auto-encoder takes this format; its window does not matter."""
        frames = self.format.window_frames
        return replace(format_, window_frames=frames, name=self.format.name) == self.format


def protocol_text(protocol: Protocol, weights_sha256: str) -> str:
    """Return the content of autoencoder.json."""
    values = {
        'kind': _KIND,
        'version': _VERSION,
        'protocol': asdict(protocol),
        'weights_sha256': weights_sha256,
    }
    return json.dumps(values, indent=1) + '\n'


def parse_protocol(text: bytes, path: Path) -> tuple[Protocol, str, str]:
    """Read autoencoder.json.

    Returns:
        The record, the SHA-256 of the weights, and the auto-encoder's id: the first eight digits
        of the SHA-256 of both, without the minutes that training took.

    Raises:
        InputError: the file is not such a record, or is of another version.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError(f'{path}: not JSON ({error}); train the auto-encoder again') from error
    if not isinstance(values, dict) or values.get('kind') != _KIND:
        raise InputError(
            f'{path}: is not the record of an auto-encoder; give a folder that '
            '`diffsheg train-autoencoder` wrote'
        )
    if values.get('version') != _VERSION:
        raise InputError(
            f'{path}: version {values.get("version")!r}, this program reads {_VERSION}; '
            'train the auto-encoder again'
        )
    protocol = read_dataclass(Protocol, values.get('protocol'), str(path))
    weights_sha256 = str(values.get('weights_sha256'))
    lasting = protocol_text(replace(protocol, minutes=0.0), weights_sha256)
    return protocol, weights_sha256, hashlib.sha256(lasting.encode()).hexdigest()[:8]
