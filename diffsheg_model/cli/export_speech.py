"""``diffsheg export-speech``: make the speech encoder that some bundles ask for."""

import logging

from diffsheg_model.cli import OptionalOutput

EXAMPLE = 'diffsheg export-speech --source ~/models/hubert-large-ls960-ft'

logger = logging.getLogger(__name__)


def export_speech(
    source: str = 'facebook/hubert-large-ls960-ft', output: OptionalOutput = None
) -> None:
    """Exports HuBERT to ONNX and checks the export against torch. Downloads nothing.

    Needs torch and transformers (pip install 'diffsheg[hubert]'); using the export does not.

    Args:
        source: the model's folder, or its name in the Hugging Face cache of this machine.
        output: folder that the export goes to; the place where bundles look for it unless given.
    """
    from diffsheg_model.hubert_export import export_hubert
    from diffsheg_model.speech import default_folder

    folder = output or default_folder()
    card = export_hubert(source, folder)
    logger.info('%s: %d-dimensional %s features', folder, card.dim, card.name)
