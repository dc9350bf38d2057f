"""The export of a torch speech encoder to ONNX, so that inference needs no torch."""

import dataclasses
import json
import logging
import os
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import (
    SAMPLE_RATE,
    OnnxSpeechEncoder,
    SpeechEncoderCard,
    normalise,
)
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.network.quiet import EXPORTER, quiet

logger = logging.getLogger(__name__)

TOLERANCE = 1e-4
"""Largest allowed difference from torch, as a share of the largest feature."""

_SMALL = 256
"""Numbers in a parameter below which it stays float32."""


def export_encoder(
    network: nn.Module,
    card: SpeechEncoderCard,
    folder: str | os.PathLike[str],
    half_precision: bool = False,
    licence: str = '',
) -> None:
    """Export an encoder, and check that ONNX Runtime gives the same features as torch.

    Args:
        network: maps 16 kHz samples (1, n), prepared as the card says, to features (1, m, S).
        card: the encoder's description.
        folder: gets encoder.onnx, encoder.onnx.data and encoder.json, all or none.
        half_precision: True rounds the parameters to float16, in ``network`` too.
        licence: text of the weights' licence, written as LICENSE unless empty.

    Raises:
        InputError: the export differs from torch; nothing is written.
    """
    if half_precision:
        with torch.no_grad():
            for tensor in (*network.parameters(), *network.buffers()):
                tensor.copy_(tensor.half())
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        (temporary / 'encoder.json').write_text(json.dumps(dataclasses.asdict(card), indent=1))
        if licence:
            (temporary / 'LICENSE').write_text(licence)
        logger.info('exporting %s', card.source)
        _export(network, card, temporary / 'encoder.onnx', half_precision)
        error = _compare(network, OnnxSpeechEncoder(temporary))
        if not error <= TOLERANCE:
            raise InputError(
                f'{card.source}: the export differs from torch by {error:.1e} of the largest '
                f'feature, more than {TOLERANCE:.0e}; nothing was written'
            )
        logger.info('equals torch to %.1e of the largest feature', error)


def _export(network: nn.Module, card: SpeechEncoderCard, path: Path, half: bool) -> None:
    length = torch.export.Dim('length', min=card.min_samples, max=card.max_samples)
    with quiet(*EXPORTER):
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(1, SAMPLE_RATE),),
            input_names=['samples'],
            output_names=['features'],
            dynamic_shapes=({1: length},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # torch.onnx.export returns None only without dynamo
    model = program.model_proto
    if half:
        _halve(model)
    data = path.with_name(path.name + '.data')
    onnx.save(model, path, save_as_external_data=True, location=data.name, size_threshold=1024)
    # onnx makes this file private, but a robot may run as another user.
    data.chmod(0o644)


def _halve(model: onnx.ModelProto) -> None:
    """Store large parameters as float16, each behind a Cast that engines fold."""
    casts = []
    for initialiser in model.graph.initializer:
        values = onnx.numpy_helper.to_array(initialiser)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        name = initialiser.name
        stored = onnx.numpy_helper.from_array(values.astype(np.float16), f'{name}.stored')
        initialiser.CopyFrom(stored)
        casts.append(
            onnx.helper.make_node('Cast', [stored.name], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]


def _compare(network: nn.Module, encoder: OnnxSpeechEncoder) -> float:
    """Return the largest difference from torch, as a share of the largest feature."""
    error = 0.0
    for samples in (encoder.card.min_samples, SAMPLE_RATE // 15, SAMPLE_RATE, 5 * SAMPLE_RATE + 7):
        audio = 0.1 * np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
        heard = normalise(audio) if encoder.card.normalise else audio
        with torch.inference_mode():
            answer: Tensor = network(torch.from_numpy(heard)[None])
        expected = answer[0].numpy()
        features = encoder.encode(audio)
        if features.shape != expected.shape:
            return float('inf')
        error = max(error, float(np.abs(features - expected).max() / np.abs(expected).max()))
    return error
