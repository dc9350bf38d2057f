"""``diffsheg encode-speech``: prepared takes get the features of a speech encoder."""

import logging
from pathlib import Path

EXAMPLE = 'diffsheg encode-speech shards/ --encoder whisper/'

logger = logging.getLogger(__name__)


def encode_speech(
    shards: Path, encoder: Path, context_s: float = 4.0, overlap: int = 4, kind: str = 'whisper'
) -> None:
    """Adds speech.npy to every take, for models that hear through a speech encoder.

    Each window is encoded with the audio that it will hear live. Run it again to resume.

    Args:
        shards: folder that `diffsheg prepare` or `diffsheg corpus` wrote.
        encoder: folder that `diffsheg export-speech` wrote.
        context_s: audio before a window that its features hear, features.speech_context_s.
        overlap: frames that windows share, foppas.overlap.
        kind: hubert or whisper.
    """
    from diffsheg_model.config import FeatureConfig
    from diffsheg_model.training.speech_features import encode_takes

    config = FeatureConfig(speech_encoder=kind, speech_context_s=context_s)
    count = encode_takes(shards, encoder, config, overlap)
    logger.info('%s: %d takes encoded', shards, count)
