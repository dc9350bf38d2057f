"""The one check of received speech: every piece passes it before it waits in the inbox."""

import operator

import numpy as np

from diffsheg_model.audio.sound_file import MAX_AMPLITUDE, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.topic_values import MAX_UTTERANCE_ID


def checked_piece(piece: AudioPiece) -> AudioPiece:
    """Return a piece with its own copy of the samples, (n,) float32; an unknown start is 0.

    Raises:
        InputError: the piece cannot be used; the text tells its sender why.
    """
    if not MIN_SAMPLE_RATE <= piece.sample_rate <= MAX_SAMPLE_RATE:
        raise InputError(
            f'chunks were rejected: sample_rate is {piece.sample_rate}, and must be '
            f'{MIN_SAMPLE_RATE}..{MAX_SAMPLE_RATE} Hz'
        )
    if len(piece.utterance_id) > MAX_UTTERANCE_ID:
        raise InputError(
            f'chunks were rejected: an utterance_id has {len(piece.utterance_id)} characters, and '
            f'may have {MAX_UTTERANCE_ID}'
        )
    try:
        first = operator.index(piece.first_sample)
        with np.errstate(over='ignore', invalid='ignore'):
            samples = np.array(piece.samples, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError('chunks were rejected: first_sample or samples are not numbers') from error
    if first < 0:
        raise InputError(f'chunks were rejected: first_sample is {first}, and must be 0 or more')
    if samples.ndim != 1:
        raise InputError('chunks were rejected: samples must be one row of numbers')
    # Not written as "peak above": a NaN fails this comparison too.
    if samples.size and not np.abs(samples).max() <= MAX_AMPLITUDE:
        raise InputError(f'chunks were rejected: {_amplitude_problem(samples)}')
    return piece._replace(first_sample=first, samples=samples, start_ns=max(0, piece.start_ns))


def _amplitude_problem(samples: np.ndarray) -> str:
    """Describe samples that are not finite or too large, with the likely cause."""
    if not np.isfinite(samples).all():
        return 'samples are NaN or infinite'
    peak = float(np.abs(samples).max())
    text = f'samples reach {peak:.0f}, and must be -1..1'
    if not np.array_equal(samples, np.round(samples)):
        return text
    if peak <= 2**8:  # of 8 bits, or quiet ones of 16
        return text + '; divide integers of 16 bits by 32768, and those of 8 bits by 128'
    full = 2**15 if peak <= 2**16 else 2**31
    return text + f'; they seem to be integers of {full.bit_length()} bits: divide them by {full}'
