"""Speech encoders: networks that map 16 kHz speech to features of its words."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.checked_fields import read_dataclass, require
from diffsheg_model.errors import InputError
from diffsheg_model.files.user_folders import cache_home
from diffsheg_model.threads import thread_count
from diffsheg_model.untrusted.onnx_references import check_graph
from diffsheg_model.untrusted.reading import reader

SAMPLE_RATE = 16000
"""Hz, the input rate of every encoder."""


class SpeechEncoder(Protocol):
    """The interface of encoders. Features depend on the samples alone: a stream equals a file."""

    @property
    def dim(self) -> int:
        """S, channels of a feature."""

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Encode 16 kHz speech (n,) float32, n >= 1, as (m, S) float32 at about 50 Hz, m >= 1."""


@dataclass(frozen=True)
class SpeechEncoderCard:
    """The content of encoder.json, which describes an encoder's folder.

    Attributes:
        name: the kind of encoder, as in a bundle's config: 'hubert' or 'whisper'.
        dim: S, channels of a feature.
        min_samples: samples at 16 kHz that the first feature needs; shorter audio is padded.
        max_samples: samples of the longest audio that can be encoded at once.
        normalise: True if the network takes audio of zero mean and unit variance.
        source: source of the weights, and their licence.
    """

    name: str
    dim: int
    min_samples: int
    max_samples: int
    normalise: bool
    source: str

    def __post_init__(self) -> None:
        for field in ('dim', 'min_samples', 'max_samples'):
            require(getattr(self, field) >= 1, self, field, 'at least 1')


class OnnxSpeechEncoder:
    """An exported encoder run by ONNX Runtime.

    Attributes:
        card: the encoder's description.
    """

    def __init__(self, folder: str | os.PathLike[str], threads: int = 0) -> None:
        """Load the folder that ``diffsheg export-speech`` wrote.

        Args:
            folder: with encoder.json, encoder.onnx and encoder.onnx.data.
            threads: CPU threads; 0 for all cores except one, see `thread_count`.

        Raises:
            InputError: a file is missing or does not fit.
        """
        import onnxruntime

        folder = Path(folder)
        model = folder / 'encoder.onnx'
        if not model.is_file() or not (folder / 'encoder.json').is_file():
            raise InputError(
                f'{folder}: no exported speech encoder (encoder.json, encoder.onnx); write one '
                f'with `diffsheg export-speech`'
            )
        self.card = _read_card(folder / 'encoder.json')
        check_graph(model, 'encoder.onnx.data')
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count(threads)
        options.log_severity_level = 3
        # Threads that spin after their work would occupy the cores that the engine needs next.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # ONNX Runtime has an exception class for every reason
            raise InputError(f'{model}: ONNX Runtime cannot load it; export it again') from error
        self._input = self._session.get_inputs()[0].name

    @property
    def dim(self) -> int:
        """S, channels of a feature."""
        return self.card.dim

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Encode 16 kHz speech (n,) float32 as (m, S) float32 at 50 Hz."""
        samples = np.asarray(samples, np.float32)
        if self.card.normalise:
            samples = normalise(samples)
        samples = np.pad(samples, (0, max(0, self.card.min_samples - len(samples))))
        return self._session.run(None, {self._input: samples[None]})[0][0]


@reader('the card of a speech encoder')
def _read_card(path: Path) -> SpeechEncoderCard:
    try:
        values = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f'{path}: not valid JSON; export the encoder again') from error
    return read_dataclass(SpeechEncoderCard, values, str(path))


def normalise(samples: np.ndarray) -> np.ndarray:
    """Return (n,) float32 of zero mean and unit variance, as Wav2Vec2FeatureExtractor does."""
    wide = samples.astype(np.float64)
    return ((wide - wide.mean()) / np.sqrt(wide.var() + 1e-7)).astype(np.float32)


def resample_features(features: np.ndarray, frames: int) -> np.ndarray:
    """Interpolate linearly in time with aligned corners: (m, S) -> (frames, S) float32."""
    at = np.linspace(0, len(features) - 1, frames)
    below = np.minimum(at.astype(int), max(0, len(features) - 2))
    above = np.minimum(below + 1, len(features) - 1)
    share = (at - below)[:, None].astype(np.float32)
    return (features[below] * (1 - share) + features[above] * share).astype(np.float32)


def default_folder() -> Path:
    """Return the default folder of ``diffsheg export-speech`` and ``create_speech_encoder``."""
    return cache_home() / 'diffsheg' / 'hubert'


def create_speech_encoder(
    bundle: Bundle, folder: str | os.PathLike[str] | None = None, threads: int = 0
) -> SpeechEncoder | None:
    """Return the encoder that a bundle needs.

    Args:
        bundle: the model.
        folder: folder of the exported encoder. None for the one in the bundle, or else in
            ``default_folder()``.
        threads: CPU threads; 0 for all cores except one, see `thread_count`.

    Returns:
        The encoder, or None if the bundle uses none.

    Raises:
        InputError: the folder has no such encoder, or one that does not fit the bundle.
    """
    config = bundle.config
    name = config.features.speech_encoder
    if name == 'none':
        return None
    if folder is None:
        own = bundle.speech_folder
        folder = own if own is not None else default_folder()
    encoder = OnnxSpeechEncoder(folder, threads)
    if encoder.card.name != name:
        raise InputError(
            f'speech encoder {name!r} is asked for, but {folder} holds {encoder.card.name!r}'
        )
    if encoder.dim != config.network.speech_dim:
        raise InputError(
            f'{folder}: features of {encoder.dim} channels do not fit the bundle, which takes '
            f'{config.network.speech_dim}'
        )
    longest = config.features.speech_context_s + config.format.window_frames / config.format.fps
    if longest * SAMPLE_RATE > encoder.card.max_samples:
        raise InputError(
            f'{folder}: encodes at most {encoder.card.max_samples / SAMPLE_RATE:g} s at once, a '
            f'window with its context takes {longest:.1f} s; lower features.speech_context_s'
        )
    return encoder
