"""Offline generation: the live session, fed from a recording."""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import SpeechEncoder, create_speech_encoder
from diffsheg_model.motion.motion import Motion, concatenate
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.session import Session
from diffsheg_model.session.session_options import SessionOptions


def generate_parts(
    bundle: Bundle,
    engine: Engine,
    audio_blocks: Iterable[np.ndarray],
    sample_rate: int,
    options: SessionOptions = SessionOptions(),  # noqa: B008 (frozen)
) -> Iterator[Motion]:
    """Generate a recording's motion part by part, in flat memory.

    Args:
        bundle: the model.
        engine: the bundle's denoising network.
        audio_blocks: the recording, (n,) blocks of any sizes, mono, -1..1.
        sample_rate: of the recording, Hz.
        options: seed, speaker and the like. With `live`, the recording is heard as if it were
            being spoken, by an engine that is always in time. Without a speech encoder, the one
            that the bundle asks for is loaded.

    Yields:
        Consecutive motion, each frame once.

    Raises:
        InputError: the audio is shorter than one frame, a value is out of its range, or the
            speech encoder is not there.
    """
    if options.speech_encoder is None:
        options = dataclasses.replace(options, speech_encoder=create_speech_encoder(bundle))
    session = Session(bundle, engine, options, sample_rate=sample_rate)
    # Live speech comes little by little; more than a frame at once could fill two hops.
    longest = sys.maxsize if options.live is None else int(sample_rate / bundle.config.format.fps)
    for block in audio_blocks:
        for first in range(0, len(block), longest):
            session.push(block[first : first + longest])
            yield from _parts(session)
    session.end()
    if session.total_frames == 0:
        raise InputError(
            f'audio too short: less than one frame, {1 / bundle.config.format.fps:.3f} s; '
            'give a longer recording'
        )
    yield from _parts(session)


def generate(
    bundle: Bundle,
    engine: Engine,
    audio_blocks: Iterable[np.ndarray],
    sample_rate: int,
    *,
    seed: int = 0,
    utterance: int = 0,
    speaker: int = 0,
    guidance_scale: float | None = None,
    live: LiveOptions | None = None,
    speech_encoder: SpeechEncoder | None = None,
    on_frames: Callable[[int], None] | None = None,
) -> Motion:
    """Generate a recording's motion; see `generate_parts`.

    Args:
        bundle: the model.
        engine: the bundle's denoising network.
        audio_blocks: the recording, (n,) blocks of any sizes, mono, -1..1.
        sample_rate: of the recording, Hz.
        seed, utterance, speaker, guidance_scale, live, speech_encoder: as in `SessionOptions`.
        on_frames: called with the number of frames generated so far, after each window.

    Raises:
        InputError: the audio is shorter than one frame, a value is out of its range, or the
            speech encoder is not there.
    """
    parts = []
    done = 0
    options = SessionOptions(seed, utterance, speaker, guidance_scale, live, speech_encoder)
    for part in generate_parts(bundle, engine, audio_blocks, sample_rate, options):
        parts.append(part)
        done += len(part)
        if on_frames is not None:
            on_frames(done)
    return concatenate(parts)


def _parts(session: Session) -> Iterator[Motion]:
    while (window := session.step()) is not None:
        if window.final_frames:
            yield window.motion[: window.final_frames]
