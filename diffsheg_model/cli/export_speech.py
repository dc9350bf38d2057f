"""``diffsheg export-speech``: the speech encoder that some bundles need."""

import logging
from pathlib import Path

from diffsheg_model.advice import install_advice
from diffsheg_model.cli.options import OptionalOutput
from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg export-speech --source ~/models/hubert-large-ls960-ft'

logger = logging.getLogger(__name__)


def export_speech(
    source: str = 'facebook/hubert-large-ls960-ft',
    kind: str = 'hubert',
    layers: int = 2,
    output: OptionalOutput = None,
) -> None:
    """Export a speech encoder to ONNX and check the export against torch. Downloads nothing.

    Needs torch, onnxscript and, except for CTranslate2 files, transformers
    (requirements/hubert.txt). Using the export needs none of them.

    Args:
        source: folder of the model, or for HuBERT its name in this machine's Hugging Face cache. A
            Whisper folder has CTranslate2's model.bin, or the files that transformers saves.
        kind: hubert (published models) or whisper (the bundled model).
        layers: number of the first layers of Whisper's encoder to keep.
        output: folder for the export. Default: the folder where bundles look for it.
    """
    from diffsheg_model.features.speech_encoder import default_folder
    from diffsheg_model.files.atomic import check_replaceable

    folder = output or default_folder()
    check_replaceable(folder, 'encoder.json')
    try:
        if kind == 'hubert':
            from diffsheg_model.network.hubert import export_hubert

            card = export_hubert(source, folder)
        elif kind == 'whisper':
            from diffsheg_model.network.whisper import export_whisper

            card = export_whisper(Path(source), folder, layers)
        else:
            raise InputError(f'--kind {kind}: must be hubert or whisper')
    except ImportError as error:
        raise InputError(
            f'exporting a speech encoder needs {error.name}: {install_advice("hubert")}'
        ) from error
    logger.info('%s: %d-dimensional %s features', folder, card.dim, card.name)
