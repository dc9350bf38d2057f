"""``diffsheg export-speech``: make the speech encoder that some bundles ask for."""

import logging
from pathlib import Path

from diffsheg_model.advice import install_advice
from diffsheg_model.cli import OptionalOutput
from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg export-speech --source ~/models/hubert-large-ls960-ft'

logger = logging.getLogger(__name__)


def export_speech(
    source: str = 'facebook/hubert-large-ls960-ft',
    kind: str = 'hubert',
    layers: int = 2,
    output: OptionalOutput = None,
) -> None:
    """Exports a speech encoder to ONNX and checks the export against torch. Downloads nothing.

    Needs torch, onnxscript and mostly transformers (requirements/hubert.txt); using the
    export does not.

    Args:
        source: the model's folder; for HuBERT also its name in the Hugging Face cache of this
            machine. A Whisper folder holds CTranslate2's model.bin or what transformers saves.
        kind: hubert (published models) or whisper (the bundled one).
        layers: of Whisper's encoder, how many of its first ones to keep.
        output: folder that the export goes to; the place where bundles look for it unless given.
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
