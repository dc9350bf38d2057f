"""Comparison of an engine's numbers with those of a reference engine.

The inputs follow from the bundle alone, so they are the same on every machine. The sound is noise
in syllables, as loud as speech, through the real mel; the motion is random. There is a first window
with one row, and a later, outpainted window with two.
"""

import time
from dataclasses import dataclass

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines.engine import Conditions, Engine
from diffsheg_model.features.mel import FFT_SIZE, mel_frame, transform_mel
from diffsheg_model.sampling.foppas import make_sampler, plan_window
from diffsheg_model.sampling.noise import seeded_noise
from diffsheg_model.sampling.plan import SamplingPlan

TOLERANCES = {'fp32': 1e-3, 'fp16': 1e-2, 'bf16': 5e-2, 'int8': 1e-1}
"""Largest allowed relative error by precision, see `Comparison`.

fp32 allows for sums in another order, which the chain of calls amplifies. The others allow for a
dozen roundings (2^-11 in fp16, 2^-8 in bf16, 2^-7 in int8). Real faults, such as a wrong step or
another row of the batch, exceed all of them.
"""


@dataclass(frozen=True)
class Comparison:
    """Error of an engine against its reference, and its speed.

    Attributes:
        call_error: largest relative error of the predicted noise in a call, as by
            `relative_error`.
        window_error: largest relative error of a window's motion.
        call_ms: time of a window divided by its calls of the network, in milliseconds.
    """

    call_error: float
    window_error: float
    call_ms: float

    @property
    def error(self) -> float:
        """The larger of both errors."""
        return max(self.call_error, self.window_error)


def reference_windows(bundle: Bundle) -> list[tuple[Conditions, SamplingPlan]]:
    """Return the conditions and plans of the windows to compare."""
    config, seed = bundle.config, int(bundle.digest[:8], 16)
    random = np.random.default_rng(seed)
    sizes, frames = config.network, config.format.window_frames
    sampler = make_sampler(config.diffusion, config.foppas)
    windows = []
    for window, batch in enumerate((1, 2)):
        loudness = 0.2 * np.clip(np.sin(np.arange(frames) + random.uniform(0, 6)), 0.01, 1)
        sound = loudness[None, :, None] * random.standard_normal((batch, frames, FFT_SIZE))
        to_mel = mel_frame(config.features.mel_rate, config.features.mel_bins)
        power = np.array([[to_mel(samples) for samples in row] for row in sound], np.float32)
        speech = random.standard_normal((batch, frames, sizes.speech_dim), dtype=np.float32)
        conditions = Conditions(
            transform_mel(power, config.features.mel_transform),
            speech if sizes.speech_dim else None,
            np.eye(sizes.num_speakers, dtype=np.float32)[np.arange(batch) % sizes.num_speakers],
            config.foppas.guidance_scale,
        )
        shape = (batch, frames, sizes.channels)
        known = None
        if window:
            known = random.standard_normal(shape, dtype=np.float32)[:, : config.foppas.overlap]
        plan = plan_window(sampler, seeded_noise(seed), window, shape, known)
        windows.append((conditions, plan))
    return windows


def compare(engine: Engine, reference: Engine, bundle: Bundle) -> Comparison:
    """Run both engines on the bundle's reference inputs."""
    call_error = window_error = 0.0
    seconds, calls = 0.0, 0
    for conditions, plan in reference_windows(bundle):
        steps = plan.steps[[0, len(plan) // 2, -1]].tolist()
        expected = reference.denoiser(conditions, steps)
        answers = [expected(plan.start, step).copy() for step in steps]
        denoise = engine.denoiser(conditions, steps)
        for step, answer in zip(steps, answers, strict=True):
            call_error = max(call_error, relative_error(denoise(plan.start, step), answer))
        motion = reference.sample(conditions, plan)
        window_error = max(window_error, relative_error(engine.sample(conditions, plan), motion))
        begin = time.perf_counter()
        engine.sample(conditions, plan)  # not the first run, which may allocate or compile
        seconds += time.perf_counter() - begin
        calls += len(plan)
    return Comparison(call_error, window_error, 1000 * seconds / calls)


def relative_error(answer: np.ndarray, reference: np.ndarray) -> float:
    """Return ||answer - reference|| / ||reference||; infinite if the answer is not finite."""
    difference = float(np.linalg.norm(answer.astype(np.float64) - reference))
    scale = float(np.linalg.norm(reference.astype(np.float64)))
    return difference / scale if np.isfinite(difference) else float('inf')
