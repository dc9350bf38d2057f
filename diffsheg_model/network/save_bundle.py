"""Writing of bundles: config, weights and the four graphs."""

import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from diffsheg_model.bundle import (
    GRAPHS,
    MANIFEST,
    SPEECH,
    SPEECH_FILES,
    VERSION,
    WEIGHTS,
    Bundle,
    load_bundle,
)
from diffsheg_model.config import BundleConfig
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path, check_replaceable, sha256
from diffsheg_model.motion.skeleton import Skeleton


def save_bundle(
    path: str | os.PathLike[str],
    config: BundleConfig,
    state: dict[str, np.ndarray],
    mean: np.ndarray,
    std: np.ndarray,
    skeleton: Skeleton,
    card: str = '',
    speech: Path | None = None,
) -> Bundle:
    """Write a bundle with the graphs exported from the network, and read it back. Needs torch.

    Args:
        path: new folder; an existing bundle is replaced as a whole, at the end.
        config: the model's configuration.
        state: the network's parameters by published name; float32, or float16 to halve the file.
        mean: (C,) channel means.
        std: (C,) channel deviations.
        skeleton: rest skeleton.
        card: model card in Markdown; written as README.md unless empty.
        speech: folder of an exported speech encoder, copied into the bundle.

    Raises:
        InputError: names or shapes do not fit the config, or the folder holds other files.
    """
    from diffsheg_model.network.onnx_export import export_graphs

    check_replaceable(Path(path), MANIFEST)
    channels = config.format.channels
    for field, values in (('mean', mean), ('std', std)):
        if np.shape(values) != (channels,) or not np.isfinite(values).all():
            raise InputError(f'{path}: {field} must be {channels} finite numbers')
    tensors = {name: np.array(value, order='C') for name, value in state.items()}
    tensors['stats.mean'] = np.asarray(mean, np.float32)
    tensors['stats.std'] = np.asarray(std, np.float32)
    with atomic_path(path) as folder:
        folder.mkdir()
        safetensors.numpy.save_file(tensors, folder / WEIGHTS)
        # safetensors makes its file private, but a robot may run as another user.
        (folder / WEIGHTS).chmod(0o644)
        export_graphs(config, folder / WEIGHTS)
        names = [WEIGHTS, *GRAPHS]
        if speech is not None:
            names += SPEECH_FILES
            (folder / SPEECH).mkdir()
            for name in SPEECH_FILES:
                shutil.copyfile(speech / Path(name).name, folder / name)
            if (speech / 'LICENSE').is_file():
                shutil.copyfile(speech / 'LICENSE', folder / SPEECH / 'LICENSE')
        if card:
            (folder / 'README.md').write_text(card)
        manifest = {
            'version': VERSION,
            'config': asdict(config),
            'skeleton': skeleton.to_dict(),
            'files': {name: sha256(folder / name) for name in names},
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + '\n')
        bundle = load_bundle(folder)
    return replace(bundle, path=Path(path))
