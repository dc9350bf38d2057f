"""The conversion of official DiffSHEG checkpoints to bundles.

A checkpoint is a torch save with the state dict under ``encoder``. Its keys may begin with
``module.``. The statistics are those of https://github.com/JeremyCJM/DiffSHEG, in
data/BEAT/beat_cache and data/SHOW.
"""

import dataclasses
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diffsheg_model.bundle import Bundle
from diffsheg_model.config import BundleConfig, FeatureConfig, FoppasConfig, NetworkConfig
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import sha256
from diffsheg_model.motion.formats import FORMATS
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.network.onnx_export import parameter_complaint
from diffsheg_model.network.save_bundle import save_bundle
from diffsheg_model.untrusted.reading import reader
from diffsheg_model.untrusted.restricted_pickle import load_npy

LICENCES = {
    'beat': 'weights fitted to BEAT: non-commercial research only (BEAT licence)',
    'show': 'weights fitted to SHOW: non-commercial research only (SHOW and SMPL-X licences)',
}
FOPPAS = {'beat': FoppasConfig(overlap=4), 'show': FoppasConfig(overlap=10, guidance_scale=1.25)}
NUM_SPEAKERS = {'beat': 30, 'show': 4}

# SHOW's pose vector of 165: jaw 3, eyes 6, global 3, 21 body joints, hands 90. These are the 13
# joints that the model moves, as indices into SMPL-X's 21; legs and feet are left out.
_SHOW_BODY_JOINTS = (2, 5, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
_SHOW_BODY_START, _SHOW_HANDS_START, _SHOW_POSE = 12, 75, 165


def convert_checkpoint(
    checkpoint: str | os.PathLike[str],
    stats: str | os.PathLike[str],
    format_name: str,
    output: str | os.PathLike[str],
    fps: float = 15.0,
) -> Bundle:
    """Read and check an official checkpoint and its statistics, and write a bundle.

    The parameters' shapes give the sizes: latent width, layers, speakers, speech features. Every
    name and shape must then fit.

    Args:
        checkpoint: the authors' file, such as fgd_best.tar.
        stats: folder with the statistics of the format.
        format_name: 'beat' or 'show'.
        output: bundle folder to write.
        fps: frames a second. The SHOW code says 30, but its inference makes 15 mel frames, and so
            15 poses, a second. Both formats run at 15.

    Raises:
        InputError: a file is missing, cut or foreign; the message lists all that does not fit.
    """
    if format_name not in FORMATS:
        raise InputError(f'format {format_name!r} is unknown: choose {" or ".join(FORMATS)}')
    format_ = dataclasses.replace(FORMATS[format_name], fps=fps)
    state = read_state_dict(checkpoint)
    network = infer_network(state, format_)
    _check_dataset(state, checkpoint, format_)
    if complaint := parameter_complaint(network, state):
        raise InputError(
            f'{checkpoint} is not a UniEG checkpoint of format {format_name}: {complaint}'
        )
    mean, std = read_statistics(stats, format_)
    config = BundleConfig(
        name=Path(checkpoint).stem,
        licence=LICENCES[format_name],
        provenance=f'converted from {Path(checkpoint).name}, SHA-256 {sha256(Path(checkpoint))}',
        format=format_,
        network=network,
        foppas=FOPPAS[format_name],
        features=FeatureConfig(speech_encoder='hubert' if network.speech_dim else 'none'),
    )
    arrays = {name: value.numpy() for name, value in state.items()}
    return save_bundle(output, config, arrays, mean, std, human(format_name))


@reader('a checkpoint')
def read_state_dict(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """Return the state dict under ``encoder``, with keys without ``module.``, loaded safely.

    Raises:
        InputError: the file is missing, cut, holds code, or has no such state dict.
    """
    if not Path(path).is_file():
        raise InputError(f'{path} does not exist: name the checkpoint file')
    # Training loops save numbers beside the weights, such as a best score.
    plain = [np.dtype, type(np.dtype(np.float64)), type(np.dtype(np.float32))]
    scalar: Any = np._core.multiarray.scalar  # type: ignore[attr-defined]
    names = [(scalar, 'numpy.core.multiarray.scalar'), scalar, *plain]
    try:
        with torch.serialization.safe_globals(names):
            saved = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        reason = next((line for line in str(error).splitlines() if 'GLOBAL' in line), 'no tensors')
        raise InputError(
            f'{path} holds more than tensors ({reason.strip()[:120]}); only plain checkpoints are '
            'loaded'
        ) from error
    except Exception as error:
        raise InputError(
            f'{path} is not a whole torch checkpoint ({str(error).splitlines()[0][:120]}); '
            'get the file again'
        ) from error
    state = saved.get('encoder') if isinstance(saved, Mapping) else None
    if not isinstance(state, Mapping) or not state:
        keys = ', '.join(map(str, list(saved)[:5])) if isinstance(saved, Mapping) else type(saved)
        raise InputError(f"{path} has no state dict under 'encoder' (it has: {keys})")
    foreign = [str(name) for name, value in state.items() if not isinstance(value, torch.Tensor)]
    if foreign:
        raise InputError(f'{path}: {foreign[0]} is not a tensor')
    tensors = {str(name).removeprefix('module.'): value for name, value in state.items()}
    broken = [name for name, value in tensors.items() if not value.isfinite().all()]
    if broken:
        raise InputError(f'{path}: {broken[0]} holds NaN or infinite numbers')
    return {
        name: (value.float() if value.is_floating_point() else value).contiguous()
        for name, value in tensors.items()
    }


def infer_network(state: Mapping[str, torch.Tensor], format_: MotionFormat) -> NetworkConfig:
    """Return the sizes of a checkpoint, with the published ones for those it does not show."""

    def size(name: str, axis: int, default: int) -> int:
        value = state.get(name)
        return int(value.shape[axis]) if value is not None and value.dim() > axis else default

    layers = {
        name.split('.')[2] for name in state if name.startswith('encoder_exp.temporal_decoder_')
    }
    return NetworkConfig(
        gesture_dim=format_.gesture_dim,
        expression_dim=format_.expression_dim,
        num_speakers=size('encoder_exp.pid_embed.0.weight', 1, NUM_SPEAKERS[format_.name]),
        latent_dim=size('encoder_exp.joint_embed.weight', 0, 512),
        num_layers=len(layers) or 8,
        ff_dim=size('encoder_exp.temporal_decoder_blocks.0.ffn.linear1.weight', 0, 1024),
        speech_dim=size('encoder_exp.hubert_encoder.0.weight', 1, 1024),
        classifier_free=format_.name == 'show',
    )


def _check_dataset(
    state: Mapping[str, torch.Tensor], path: str | os.PathLike[str], format_: MotionFormat
) -> None:
    """Raise InputError if a checkpoint is of the other dataset, instead of a list of shapes."""
    weight = state.get('encoder_ges.joint_embed.weight')
    if weight is None:
        return
    for other in FORMATS.values():
        if other.name != format_.name and tuple(weight.shape[1:]) == (other.gesture_dim,):
            raise InputError(
                f'{path} is a checkpoint of {other.name}, not {format_.name}: it moves '
                f'{other.gesture_dim} gesture channels; use --format {other.name} and '
                'its statistics'
            )


@reader('statistics of the motion')
def read_statistics(
    folder: str | os.PathLike[str], format_: MotionFormat
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of every channel, each (C,) float32, in the model's order.

    Raises:
        InputError: a file is missing or has another number of channels.
    """
    read = _read_beat if format_.name == 'beat' else _read_show
    mean, std = read(Path(folder))
    for name, values in (('mean', mean), ('standard deviation', std)):
        if values.shape != (format_.channels,) or not np.isfinite(values).all():
            raise InputError(
                f'{folder}: the {name} has {values.size} channels: must be {format_.channels} '
                'finite numbers'
            )
    return mean.astype(np.float32), std.astype(np.float32)


def _read_beat(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    mean, std = (
        np.concatenate([load_npy(folder / f'{part}_{kind}.npy').ravel() for part in parts])
        for kind in ('mean', 'std')
        for parts in [('axis_angle', 'json')]
    )
    return mean, std


def _numbers(array: object) -> np.ndarray:
    """Return (n,) float64; refuse lists, because one that contains itself has no end."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f'a {type(array).__name__} instead of an array')
    return array.astype(np.float64).ravel()


def _read_show(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    path = folder / 'talkshow_mean_std.npy'
    saved = load_npy(path)
    values = saved.item() if getattr(saved, 'shape', None) == () else saved
    try:
        pose_mean, pose_std, expression_mean, expression_std = (
            _numbers(values[f'{part}_{kind}'])
            for part in ('pose', 'expression')
            for kind in ('mean', 'std')
        )
    except (TypeError, KeyError, IndexError, ValueError) as error:
        raise InputError(
            f'{path} must hold pose_mean, pose_std, expression_mean and expression_std'
        ) from error
    if pose_mean.shape != (_SHOW_POSE,) or pose_std.shape != (_SHOW_POSE,):
        raise InputError(f'{path}: poses have {pose_mean.size} channels: must be {_SHOW_POSE}')
    body = _SHOW_BODY_START + 3 * np.repeat(_SHOW_BODY_JOINTS, 3) + np.tile([0, 1, 2], 13)
    gesture = np.concatenate([body, np.arange(_SHOW_HANDS_START, _SHOW_POSE)])
    jaw = slice(0, 3)
    mean = np.concatenate([pose_mean[gesture], pose_mean[jaw], expression_mean])
    # The published code takes the jaw's mean as its deviation, and its checkpoints were trained
    # with that.
    std = np.concatenate([pose_std[gesture], pose_mean[jaw], expression_std])
    return mean, std
