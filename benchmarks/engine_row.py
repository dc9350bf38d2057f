"""Measurement of one engine in its own process, with its own memory and threads.

benchmarks/engines.py starts it. It prints a line of JSON when it is ready. Then, for each line that
it reads, it generates a window and prints the seconds that this took. In this way the engines take
turns, and changes in the speed of the machine affect all of them alike.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from diffsheg_model.bundle import load_bundle
from diffsheg_model.engines import Conditions, Engine, create_engine
from diffsheg_model.engines.comparison import relative_error
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import make_sampler, plan_window
from diffsheg_model.sampling.noise import seeded_noise

STEPS = (0, 480, 960)
"""Diffusion steps at which the error is measured: both ends of the chain and its middle."""


def main() -> None:
    """Measure one engine for benchmarks.engines; without the engine, print why it is missing."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument('bundle', type=Path)
    parser.add_argument('engine')
    parser.add_argument('precision')
    parser.add_argument('--provider', default='cpu')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--batch', type=int, default=1)
    parser.add_argument(
        '--frames', type=int, default=0, help="frames of a window; 0: the model's own number"
    )
    parser.add_argument('--cache', type=Path)
    parser.add_argument(
        '--inputs', type=Path, required=True, help='.npz of reference outputs, made if missing'
    )
    options = parser.parse_args()
    try:
        serve(options)
    except InputError as error:
        say({'missing': str(error)})


def serve(options: argparse.Namespace) -> None:
    """Load the engine, then generate a window for each line of standard input."""
    bundle = load_bundle(options.bundle)
    config = bundle.config
    before = _resident_bytes()
    begin = time.perf_counter()
    engine = create_engine(
        options.engine,
        bundle,
        options.threads,
        precision=options.precision,
        provider=options.provider,
        cache=options.cache,
    )
    load_s = time.perf_counter() - begin
    frames = options.frames or config.format.window_frames
    conditions, x = inputs(config.network, options.batch, frames)
    sampler = make_sampler(config.diffusion, config.foppas)
    known = x[:, : config.foppas.overlap]
    plan = plan_window(sampler, seeded_noise(0), 1, x.shape, known)
    begin = time.perf_counter()
    engine.sample(conditions, plan)  # the first window computes tables and allocates memory
    first_window_s = time.perf_counter() - begin
    say(
        {
            'load_s': load_s,
            'first_window_s': first_window_s,
            'calls': len(plan),
            'new_frames': options.batch * (frames - config.foppas.overlap),
            'fps': config.format.fps,
            'memory_mb': (_resident_bytes() - before) / 1e6,
            'rel_error': error_of(engine, conditions, x, options.inputs),
        }
    )
    for _ in sys.stdin:
        begin = time.perf_counter()
        engine.sample(conditions, plan)
        say(time.perf_counter() - begin)


def say(value: object) -> None:
    """Print a value as a line of JSON."""
    print(json.dumps(value), flush=True)  # noqa: T201


def inputs(network, batch: int, frames: int) -> tuple[Conditions, np.ndarray]:
    """Return random conditions and motion, the same for all engines."""
    random = np.random.default_rng(0)
    mel = np.abs(random.standard_normal((batch, frames, network.mel_dim), dtype=np.float32))
    speech = random.standard_normal((batch, frames, network.speech_dim), dtype=np.float32)
    speaker = np.eye(network.num_speakers, dtype=np.float32)
    conditions = Conditions(
        mel,
        speech if network.speech_dim else None,
        speaker[np.arange(batch) % network.num_speakers],
    )
    x = random.standard_normal((batch, frames, network.channels), dtype=np.float32)
    return conditions, x


def error_of(engine: Engine, conditions: Conditions, x: np.ndarray, path: Path) -> float:
    """Return the largest relative error of the predicted noise at STEPS.

    The first engine writes its output to `path` as the reference.
    """
    denoise = engine.denoiser(conditions, STEPS)
    answers = {str(step): denoise(x, step).copy() for step in STEPS}
    if not path.is_file():
        np.savez(path, **answers)
    with np.load(path) as expected:
        return max(relative_error(answers[name], expected[name]) for name in expected.files)


def _resident_bytes() -> int:
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE')


if __name__ == '__main__':
    main()
