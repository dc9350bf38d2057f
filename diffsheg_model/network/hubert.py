"""The export of HuBERT to ONNX, so that inference needs neither torch nor transformers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import SAMPLE_RATE, SpeechEncoderCard
from diffsheg_model.network.quiet import quiet
from diffsheg_model.network.speech_export import export_encoder

if TYPE_CHECKING:
    from transformers import HubertModel

PUBLISHED_MODEL = 'facebook/hubert-large-ls960-ft'
"""Source of the published speech features: 1024 channels, 50 Hz, Apache-2.0, 1.26 GB."""

_MAX_SAMPLES = 600 * SAMPLE_RATE


def export_hubert(source: str, folder: str | os.PathLike[str]) -> SpeechEncoderCard:
    """Export HuBERT's last hidden state, and compare it with torch.

    Args:
        source: a folder from ``save_pretrained`` or a download, or the name of a model in the
            user's cache of the Hugging Face hub. Nothing is downloaded.
        folder: gets encoder.onnx, encoder.onnx.data and encoder.json, all or none.

    Raises:
        InputError: transformers or torch is not installed, the model is missing, incomplete or
            of another architecture, or the export differs from torch.
    """
    model, normalise = _load(source)
    config = model.config
    receptive, hop = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        receptive, hop = receptive + (kernel - 1) * hop, hop * stride
    card = SpeechEncoderCard(
        'hubert', config.hidden_size, receptive, _MAX_SAMPLES, normalise, source
    )
    with _quiet():
        export_encoder(_LastHiddenState(model), card, folder)
    return card


def _load(source: str) -> tuple['HubertModel', bool]:
    """Return the model in evaluation mode, and True if its audio must be normalised."""
    try:
        import onnxscript  # noqa: F401 (without it torch's exporter fails late)
        from transformers import AutoConfig, HubertModel, Wav2Vec2FeatureExtractor
    except ImportError as error:
        raise InputError(
            'exporting a speech encoder needs torch, onnxscript and transformers: '
            f'{install_advice("hubert")}'
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
        except Exception as error:  # each library raises exceptions of its own
            reason = (str(error).strip() or repr(error)).splitlines()[0]
            raise InputError(
                f'{source}: its weights cannot be loaded ({reason:.200}); download it again'
            ) from error
        model, report = loaded
        # Only pre-training uses this parameter, so fine-tuned checkpoints may lack it.
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


class _LastHiddenState(nn.Module):
    def __init__(self, hubert: 'HubertModel') -> None:
        super().__init__()
        self.hubert = hubert

    def forward(self, samples: Tensor) -> Tensor:
        hidden: Tensor = self.hubert(samples).last_hidden_state
        return hidden


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the libraries' warnings and progress bars."""
    from transformers.utils import logging as transformers_logging

    progress = transformers_logging.is_progress_bar_enabled()
    with quiet('transformers'):
        transformers_logging.disable_progress_bar()
        try:
            yield
        finally:
            if progress:
                transformers_logging.enable_progress_bar()
