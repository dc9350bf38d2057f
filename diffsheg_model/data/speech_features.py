"""Speech features of prepared takes, computed window by window as in a session."""

import json
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.config import FeatureConfig
from diffsheg_model.data.shards import open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import OnnxSpeechEncoder, SpeechEncoder
from diffsheg_model.features.stream import FeatureStream
from diffsheg_model.files.atomic import atomic_path, sha256
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.sampling.foppas import next_window
from diffsheg_model.untrusted.reading import reader

logger = logging.getLogger(__name__)

CARD = 'speech.json'
"""Name of the file beside dataset.json that names the encoder of the features."""


def window_features(
    samples: NDArray[np.float32],
    sample_rate: int,
    config: FeatureConfig,
    format_: MotionFormat,
    overlap: int,
    encoder: SpeechEncoder,
) -> NDArray[np.float32]:
    """Return the speech features of a recording, each window with the audio it has live.

    Features near the end of a window see little of the following audio. A frame that two windows
    share has the features of the later one, as in a session.

    Args:
        samples: (n,) mono, full scale 1.
        sample_rate: sample rate, Hz.
        config: choice of the features, and their context.
        format_: frame rate and window length.
        overlap: frames that a window shares with the one before it.
        encoder: the encoder that ``config.speech_encoder`` names.

    Returns:
        (F, S) float32.
    """
    stream = FeatureStream(config, format_.fps, sample_rate, encoder)
    stream.push(samples)
    stream.finish()
    features = np.zeros((stream.frames_ready, encoder.dim), np.float32)
    window: tuple[int, int] | None = None
    while True:
        window = next_window(window, format_.window_frames, overlap, stream.frames_ready)
        if window is None:
            return features
        start, end = window
        speech = stream.features(start, end).speech
        assert speech is not None  # an encoder was given
        features[start:end] = speech


def encode_takes(root: Path, encoder_folder: Path, config: FeatureConfig, overlap: int) -> int:
    """Write the missing speech.npy of all takes of a folder of shards.

    Args:
        root: the folder of shards.
        encoder_folder: an exported encoder.
        config: context of the features.
        overlap: frames that neighbouring windows share in generation.

    Returns:
        The number of encoded takes.

    Raises:
        InputError: the folder holds features of another encoder, or a take has no audio.
    """
    folder = open_shards(root)
    missing = [take for take in folder.takes if not (take.path / 'speech.npy').exists()]
    if not missing and not encoder_folder.exists():
        return 0
    encoder = OnnxSpeechEncoder(encoder_folder)
    if encoder.card.name != config.speech_encoder:
        raise InputError(
            f'{encoder_folder} holds the encoder {encoder.card.name!r}, the model needs '
            f'{config.speech_encoder!r} (features.speech_encoder)'
        )
    card: dict[str, object] = {
        'name': encoder.card.name,
        'dim': encoder.dim,
        'context_s': config.speech_context_s,
        'digest': sha256(encoder_folder / 'encoder.onnx.data'),
    }
    _check_card(root / CARD, card)
    for take in track(missing, f'speech features of {root}', disable=not missing):
        audio = take.path / 'audio.wav'
        if not audio.is_file():
            raise InputError(f'{audio} is missing: prepare this take again')
        samples, rate = read_audio(audio)
        speech = window_features(samples, rate, config, folder.format, overlap, encoder)
        frames = len(take.motion)
        if abs(len(speech) - frames) > 2:
            raise InputError(
                f'{audio}: {len(speech)} frames long, the motion {frames}; prepare this take again'
            )
        speech = np.pad(speech, ((0, max(0, frames - len(speech))), (0, 0)), 'edge')[:frames]
        with (
            atomic_path(take.path / 'speech.npy') as temporary,
            temporary.open('wb') as file,
        ):
            np.save(file, speech.astype(np.float16))
    return len(missing)


def _check_card(path: Path, card: dict[str, object]) -> None:
    found = _read_card(path)
    if found is None:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(card, indent=1) + '\n')
    elif found != card:
        raise InputError(
            f'{path}: features of another encoder or context are here; delete it and the '
            'speech.npy files, or use the same encoder'
        )


@reader('the card of speech features')
def _read_card(path: Path) -> dict[str, object] | None:
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f'{path}: not JSON ({error}); delete it and the speech.npy') from error
    return values if isinstance(values, dict) else {}
