"""Time of a whole window of the default bundle, of its features, and of a cold start."""

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from diffsheg_model.audio.resampling import StreamResampler
from diffsheg_model.audio.sound_file import audio_info, read_blocks
from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import create_engine
from diffsheg_model.features.speech_encoder import SpeechEncoder, create_speech_encoder
from diffsheg_model.features.stream import FeatureStream
from diffsheg_model.session.session import Session
from diffsheg_model.session.session_options import SessionOptions

RATE = 16000
CHUNK_S = 0.04
"""Seconds of audio in a piece, as it arrives on a topic."""

SPEECH = Path(__file__).parents[1] / 'diffsheg_ros' / 'media' / 'speech.flac'

_COLD_START = """
from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.engines import create_engine
from diffsheg_model.audio.resampling import StreamResampler
from diffsheg_model.session.session import Session
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.features.speech_encoder import create_speech_encoder
import numpy as np
bundle = load_bundle(DEFAULT_BUNDLE)
encoder = create_speech_encoder(bundle, None, {threads})
engine = create_engine({engine!r}, bundle, {threads})
session = Session(bundle, engine, SessionOptions(speech_encoder=encoder), sample_rate=16000)
session.push(np.zeros(3 * 16000, np.float32))
assert session.step() is not None
"""


def run(out: Console, bundle: Bundle, threads: int) -> None:
    """Measure and print the tables."""
    encoder = create_speech_encoder(bundle, None, threads)
    audio = _recording()
    table = Table(title=f'\nDefault bundle from audio to motion, {threads} threads')
    for column in (
        'engine',
        'first window, ms',
        'later window, ms',
        'x real time',
        'cold start, s',
    ):
        table.add_column(column, justify='right' if column != 'engine' else 'left')
    for engine in ('onnxruntime', 'openvino'):
        first_s, later_s, share = _windows(bundle, engine, encoder, audio, threads)
        table.add_row(
            engine,
            f'{1000 * first_s:.0f}',
            f'{1000 * later_s:.0f}',
            f'{share:.1f}',
            f'{_cold_start_s(engine, threads):.2f}',
        )
    out.print(table)
    out.print(
        'first window: from the last sample that it needs to its motion. cold start: from the '
        "start of a process to a window's motion, everything cached."
    )
    _features(out, bundle, encoder, audio, threads)


def _recording() -> np.ndarray:
    """Read the package's recording, (n,) at RATE."""
    resampler = StreamResampler(audio_info(SPEECH).sample_rate, RATE)
    parts = [resampler.push(block) for block in read_blocks(SPEECH)]
    return np.concatenate([*parts, resampler.finish()])


def _windows(
    bundle: Bundle, name: str, encoder: SpeechEncoder | None, audio: np.ndarray, threads: int
) -> tuple[float, float, float]:
    """Return the median seconds of a first and of a later window, and the speed over real time."""
    engine = create_engine(name, bundle, threads)
    first, later, total_s = [], [], 0.0
    for _ in range(4):
        session = Session(bundle, engine, SessionOptions(speech_encoder=encoder), sample_rate=RATE)
        begin = time.perf_counter()
        for start in range(0, len(audio), round(CHUNK_S * RATE)):
            arrived = time.perf_counter()
            session.push(audio[start : start + round(CHUNK_S * RATE)])
            if session.ready() and (window := session.step()) is not None:
                (later if window.index else first).append(time.perf_counter() - arrived)
        session.end()
        while session.step() is not None:
            pass
        total_s = time.perf_counter() - begin  # of the last round: the first one allocates memory
    engine.close()
    return float(np.median(first[1:])), float(np.median(later)), len(audio) / RATE / total_s


def _cold_start_s(engine: str, threads: int) -> float:
    seconds = []
    for _ in range(4):
        begin = time.perf_counter()
        program = _COLD_START.format(engine=engine, threads=threads)
        subprocess.run([sys.executable, '-c', program], check=True, env=os.environ)
        seconds.append(time.perf_counter() - begin)
    return min(seconds[1:])


def _features(
    out: Console,
    bundle: Bundle,
    encoder: SpeechEncoder | None,
    audio: np.ndarray,
    threads: int,
) -> None:
    config = bundle.config
    window_s = config.format.window_frames / config.format.fps
    heard_s = window_s + config.features.speech_context_s
    table = Table(title=f'\nFeatures of one window ({window_s:.2f} s), {threads} threads')
    table.add_column('what')
    table.add_column('ms', justify='right')

    def mel() -> None:
        plain = dataclasses.replace(config.features, speech_encoder='none')
        stream = FeatureStream(plain, config.format.fps, RATE)
        stream.push(audio[: round(window_s * RATE)])
        stream.finish()

    table.add_row('resampling and mel', f'{_median_ms(mel):.1f}')
    if encoder is not None:
        sound = audio[: round(heard_s * RATE)]
        table.add_row(
            f"the bundle's {config.features.speech_encoder}, {heard_s:.2f} s of audio",
            f'{_median_ms(lambda: encoder.encode(sound)):.1f}',
        )
    out.print(table)


def _median_ms(work: Callable[[], object], times: int = 9) -> float:
    work()
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return 1000 * float(np.median(seconds))
