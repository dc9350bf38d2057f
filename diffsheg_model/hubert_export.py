"""HuBERT from transformers to ONNX, so that inference needs neither torch nor transformers."""

import dataclasses
import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files import atomic_path
from diffsheg_model.speech import SAMPLE_RATE, OnnxSpeechEncoder, SpeechEncoderCard

if TYPE_CHECKING:
    from transformers import HubertModel

logger = logging.getLogger(__name__)

PUBLISHED_MODEL = 'facebook/hubert-large-ls960-ft'
"""What the published features are made with: 1024-d, 50 Hz, Apache-2.0, 1.26 GB."""

TOLERANCE = 1e-4
"""Largest difference from torch that an export may have, as a share of the largest feature."""

MAX_SAMPLES = 600 * SAMPLE_RATE


def export_hubert(source: str, folder: str | os.PathLike[str]) -> SpeechEncoderCard:
    """Exports HuBERT's last hidden state and checks it against torch.

    Args:
        source: a folder that ``save_pretrained`` or a download made, or a model's name on the
            Hugging Face hub that is in the user's cache. Nothing is downloaded.
        folder: gets encoder.onnx, encoder.onnx.data and encoder.json, all or none.

    Raises:
        InputError: no transformers or torch, no such model, weights missing in it, or another
            architecture; or the export does not compute what torch computes.
    """
    model, normalise = _load(source)
    config = model.config
    receptive, hop = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        receptive, hop = receptive + (kernel - 1) * hop, hop * stride
    card = SpeechEncoderCard('hubert', config.hidden_size, receptive, normalise, source)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        (temporary / 'encoder.json').write_text(json.dumps(dataclasses.asdict(card), indent=1))
        logger.info('exporting %s', source)
        _export(model, temporary / 'encoder.onnx', receptive)
        error = _compare(model, OnnxSpeechEncoder(temporary))
        if not error <= TOLERANCE:
            raise InputError(
                f'{source}: the export differs from torch by {error:.1e} of the largest feature, '
                f'more than {TOLERANCE:.0e}; nothing was written'
            )
        logger.info('equals torch to %.1e of the largest feature', error)
    return card


def _load(source: str) -> tuple['HubertModel', bool]:
    """The model in evaluation mode, and whether its audio is to be normalised."""
    try:
        import onnxscript  # noqa: F401 (torch's exporter fails late and at length without it)
        from transformers import AutoConfig, HubertModel, Wav2Vec2FeatureExtractor
    except ImportError as error:
        raise InputError(
            'exporting a speech encoder needs torch, onnxscript and transformers; '
            "pip install 'diffsheg[hubert]'"
        ) from error
    with _quiet():
        try:
            config = AutoConfig.from_pretrained(source, local_files_only=True)
        except (OSError, ValueError) as error:
            raise InputError(
                f'{source}: no such model on this machine; give its folder, or download it first '
                f'(`hf download {PUBLISHED_MODEL}`)'
            ) from error
        if config.model_type != 'hubert':
            raise InputError(f'{source}: is a {config.model_type!r} model; give a HuBERT one')
        try:
            loaded: Any = HubertModel.from_pretrained(
                source, local_files_only=True, output_loading_info=True
            )
        except Exception as error:  # torch, safetensors and transformers each have their own
            reason = (str(error).strip() or repr(error)).splitlines()[0]
            raise InputError(
                f'{source}: its weights cannot be loaded ({reason:.200}); download it again'
            ) from error
        model, report = loaded
        # Only masking in pre-training uses this one, and fine-tuned checkpoints may lack it.
        missing = sorted(set(report['missing_keys']) - {'masked_spec_embed'})
        if missing or report['mismatched_keys']:
            names = ', '.join(map(str, missing or report['mismatched_keys']))
            raise InputError(f'{source}: weights are missing or misshapen: {names:.200}')
        try:
            extractor = Wav2Vec2FeatureExtractor.from_pretrained(source, local_files_only=True)
            normalise = bool(extractor.do_normalize)
        except OSError:
            normalise = True  # as the published model
    return model.float().eval(), normalise


def _export(model: 'HubertModel', path: Path, receptive: int) -> None:
    import torch

    class LastHiddenState(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hubert = model

        def forward(self, samples: torch.Tensor) -> torch.Tensor:
            return self.hubert(samples).last_hidden_state

    length = torch.export.Dim('length', min=receptive, max=MAX_SAMPLES)
    with _quiet():
        torch.onnx.export(
            LastHiddenState().eval(),
            (torch.zeros(1, SAMPLE_RATE),),
            path,
            dynamo=True,
            external_data=True,
            input_names=['samples'],
            output_names=['features'],
            dynamic_shapes={'samples': {1: length}},
            verbose=False,
        )


def _compare(model: 'HubertModel', encoder: OnnxSpeechEncoder) -> float:
    """Largest difference from torch over several lengths, relative to the largest feature."""
    import torch

    from diffsheg_model.speech import normalise

    error = 0.0
    for samples in (encoder.card.min_samples, SAMPLE_RATE // 15, SAMPLE_RATE, 5 * SAMPLE_RATE + 7):
        audio = 0.1 * np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
        heard = normalise(audio) if encoder.card.normalise else audio
        with torch.inference_mode():
            expected: Any = model(torch.from_numpy(heard)[None]).last_hidden_state[0].numpy()
        features = encoder.encode(audio)
        if features.shape != expected.shape:
            return float('inf')
        error = max(error, float(np.abs(features - expected).max() / np.abs(expected).max()))
    return error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the libraries' warnings and progress bars away from the user."""
    from transformers.utils import logging as transformers_logging

    names = ('torch.onnx', 'transformers', 'onnxscript', 'onnx_ir')
    noisy = [logging.getLogger(name) for name in names]
    levels = [log.level for log in noisy]
    progress = transformers_logging.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for log in noisy:
            log.setLevel(logging.ERROR)
        transformers_logging.disable_progress_bar()
        try:
            yield
        finally:
            for log, level in zip(noisy, levels, strict=True):
                log.setLevel(level)
            if progress:
                transformers_logging.enable_progress_bar()
