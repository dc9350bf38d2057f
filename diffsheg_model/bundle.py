"""A bundle: one folder with everything that inference needs.

bundle.json          config, skeleton, and the SHA-256 of the other files
weights.safetensors  the network's parameters by their published names, and stats.mean, stats.std
tables.onnx          graph of the part that depends on steps and speakers alone
conditions.onnx      graph of the part that depends on a window's audio
expression.onnx      graph of the expression branch's denoising step
gesture.onnx         graph of the gesture branch's denoising step
speech/              the speech encoder, in bundles that contain one

The graphs' parameters are references into weights.safetensors.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from diffsheg_model.checked_fields import read_dataclass
from diffsheg_model.config import BundleConfig
from diffsheg_model.errors import InputError, printable
from diffsheg_model.files.atomic import sha256
from diffsheg_model.motion.motion import Motion, from_channels
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.untrusted.onnx_references import check_graph, check_plain
from diffsheg_model.untrusted.reading import reader

MANIFEST = 'bundle.json'
WEIGHTS = 'weights.safetensors'
TABLES = 'tables.onnx'
CONDITIONS = 'conditions.onnx'
BRANCHES = ('expression', 'gesture')
GRAPHS = (TABLES, CONDITIONS, *(f'{branch}.onnx' for branch in BRANCHES))
SPEECH = 'speech'
SPEECH_FILES = tuple(
    f'{SPEECH}/{name}' for name in ('encoder.json', 'encoder.onnx', 'encoder.onnx.data')
)
VERSION = 2
_LARGEST_MANIFEST = 16 << 20
# Resolved: `colcon build --symlink-install` fills a package with links, and a bundle has none.
DEFAULT_BUNDLE = Path(__file__).resolve().parent / 'bundles' / 'default'


@dataclass(frozen=True, eq=False)
class Bundle:
    """A model that has been read and checked.

    Attributes:
        path: its folder.
        config: the model's configuration.
        mean: (C,) float32, channel means in physical units (radians, weights).
        std: (C,) float32, channel deviations, as the model was trained with.
        skeleton: rest skeleton of the rotations.
        digest: SHA-256 over the bundle, the key of all data derived from it.
    """

    path: Path
    config: BundleConfig
    mean: np.ndarray
    std: np.ndarray
    skeleton: Skeleton
    digest: str

    @property
    def speech_folder(self) -> Path | None:
        """Folder of the bundle's own speech encoder; None if it has none."""
        folder = self.path / SPEECH
        return folder if folder.is_dir() else None

    def denormalise(self, x: np.ndarray, start_frame: int = 0) -> Motion:
        """Return normalised motion (F, C) in physical units."""
        return from_channels(x * self.std + self.mean, self.config.format, start_frame)

    def normalise(self, channels: np.ndarray) -> np.ndarray:
        """Return physical channels (F, C) normalised for the network.

        Channels that never move have deviations near zero in the published statistics. Division by
        those would amplify rounding errors, so these channels become zero.
        """
        still = self.std < 1e-6
        return np.where(still, 0, (channels - self.mean) / np.where(still, 1, self.std)).astype(
            np.float32
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the network's parameters by name, without the statistics."""
        with safetensors.safe_open(self.path / WEIGHTS, framework='numpy') as file:
            return {
                name: file.get_tensor(name)
                for name in file.keys()  # noqa: SIM118 (safe_open is no mapping)
                if not name.startswith('stats.')
            }


@reader('a bundle')
def load_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read and check a bundle.

    Raises:
        InputError: a file is missing, cut, foreign or a link. Or a graph refers to other files, or
            parts of the config do not fit together.
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        raise InputError(
            f'{folder} is not a bundle: it has no {MANIFEST}; make one with `diffsheg convert` or '
            '`diffsheg train`'
        )
    if printable(str(folder.absolute())) != str(folder.absolute()):
        raise InputError(
            f'{folder.absolute()}: libraries cannot open files with this name; rename it'
        )
    where = str(folder / MANIFEST)
    try:
        size = (folder / MANIFEST).stat().st_size
        if size > _LARGEST_MANIFEST:
            raise InputError(f'{where} has {size} bytes: must have at most {_LARGEST_MANIFEST}')
        text = (folder / MANIFEST).read_bytes()
        manifest = json.loads(text)
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f'{where} cannot be read ({error}); restore the bundle') from error
    if not isinstance(manifest, dict) or manifest.get('version') != VERSION:
        raise InputError(f'{where} is not of bundle version {VERSION}; make the bundle again')
    config = read_dataclass(BundleConfig, manifest.get('config'), where)
    _check_files(folder, manifest.get('files'))
    try:
        with safetensors.safe_open(folder / WEIGHTS, framework='numpy') as file:
            mean, std = file.get_tensor('stats.mean'), file.get_tensor('stats.std')
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f'{folder / WEIGHTS} cannot be read ({error})') from error
    if mean.shape != (config.format.channels,) or std.shape != mean.shape:
        raise InputError(
            f'{folder / WEIGHTS}: statistics of {mean.shape} and {std.shape} channels do not fit '
            f'the format {config.format.name!r} of {config.format.channels}'
        )
    skeleton = Skeleton.from_dict(manifest.get('skeleton') or {})
    return Bundle(folder, config, mean, std, skeleton, hashlib.sha256(text).hexdigest())


def _check_files(folder: Path, digests: object) -> None:
    required = {WEIGHTS, *GRAPHS}
    if (folder / SPEECH).exists():
        required |= set(SPEECH_FILES)
    if not isinstance(digests, dict) or set(digests) != required:
        raise InputError(
            f'{folder / MANIFEST} must name the digests of {", ".join(sorted(required))}'
        )
    if (folder / SPEECH).is_symlink():
        raise InputError(f'{folder / SPEECH} is a symbolic link; copy its target (cp -rL)')
    for name, digest in ((MANIFEST, None), *digests.items()):
        try:
            check_plain(folder / name)
        except OSError as error:
            raise InputError(f'{folder} lacks {name}; restore the bundle') from error
        except InputError as error:
            raise InputError(f'{folder}: {error}') from error
        if digest is not None and sha256(folder / name) != digest:
            raise InputError(
                f'{folder / name} is not the file that {MANIFEST} describes (cut, changed or of '
                'another bundle); restore the bundle'
            )
    for name in GRAPHS:
        check_graph(folder / name, WEIGHTS)
    if SPEECH_FILES[1] in digests:
        check_graph(folder / SPEECH_FILES[1], Path(SPEECH_FILES[2]).name)
