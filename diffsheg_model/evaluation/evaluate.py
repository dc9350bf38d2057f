"""Evaluation of a bundle: generated motion measured against the captured motion."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.catalogue import CATALOGUE
from diffsheg_model.evaluation.feature_distances import FeatureDistances
from diffsheg_model.evaluation.measures import (
    Figures,
    compared_figures,
    own_figures,
    seam_figures,
    weighted_mean,
    wrists_of,
)
from diffsheg_model.evaluation.metrics.diversity import position_difference
from diffsheg_model.evaluation.metrics.dynamics import trajectories
from diffsheg_model.evaluation.takes import EvaluationData, EvaluationTake
from diffsheg_model.features.speech_encoder import SpeechEncoder
from diffsheg_model.motion.motion import Motion
from diffsheg_model.session.generate import generate

if TYPE_CHECKING:
    from diffsheg_model.evaluation.frechet.autoencoder import Autoencoder

_RATIOS = {'speed_ratio': 'wrist_speed', 'jerk_ratio': 'wrist_jerk'}


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    Attributes:
        values: value of each seed.
        captured: value of the captured motion; None where it has no meaning.
    """

    values: tuple[float, ...]
    captured: float | None = None

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the seeds; NaN with one seed."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else float('nan')


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Result of an evaluation.

    Attributes:
        figures: figures by name, in the order of the catalogue.
        generated: motion of each seed and take.
        notes: one line for each figure that could not be measured.
    """

    figures: dict[str, Figure]
    generated: tuple[tuple[Motion, ...], ...]
    notes: tuple[str, ...]


def evaluate_bundle(
    bundle: Bundle,
    engine: Engine,
    data: EvaluationData,
    *,
    seeds: int = 1,
    speech_encoder: SpeechEncoder | None = None,
    autoencoders: 'Sequence[Autoencoder]' = (),
    strict: bool = False,
    on_frames: Callable[[int], None] | None = None,
) -> Evaluation:
    """Measure a bundle on recordings.

    Args:
        bundle: the model, with its sampler settings.
        engine: engine of its network.
        data: recordings with captured motion.
        seeds: number of motions for each recording, with the seeds 0 .. seeds - 1.
        speech_encoder: encoder of the bundle's features.
        autoencoders: at most one for each Frechet distance.
        strict: True to raise InputError for too few windows for a distance, instead of a note.
        on_frames: called with the number of frames generated so far.

    Raises:
        InputError: fewer than one seed, or too few windows for a distance with ``strict``.
    """
    if seeds < 1:
        raise InputError(f'seeds = {seeds}: must be at least 1')
    takes = data.takes
    distances = FeatureDistances(autoencoders, takes, strict)
    weights = [float(len(take)) for take in takes]
    captured = [
        own_figures(take.motion, take, bundle.skeleton, captured=True)
        | seam_figures(take.motion, take, *_grid(bundle), captured=True)
        for take in takes
    ]
    generated: list[tuple[Motion, ...]] = []
    rows: list[Figures] = []
    for seed in range(seeds):
        motions, speed = _generate(
            bundle, engine, takes, seed, speech_encoder, _after(seed * data.frames, on_frames)
        )
        each = _figures(bundle, motions, takes, captured)
        rows.append(weighted_mean(each, weights) | distances.of(motions) | speed)
        generated.append(motions)
    own = weighted_mean(captured, weights) | distances.captured
    figures = {
        name: Figure(tuple(row[name] for row in rows), own.get(name))
        for name in CATALOGUE
        if all(np.isfinite(row.get(name, np.nan)) for row in rows)
    }
    if seeds > 1 and wrists_of(bundle.skeleton):
        figures['seed_difference'] = Figure((_seed_difference(bundle, generated),))
    ordered = {name: figures[name] for name in CATALOGUE if name in figures}
    return Evaluation(ordered, tuple(generated), tuple(distances.notes))


def _grid(bundle: Bundle) -> tuple[int, int]:
    """Return the frames of a window and the overlap of two windows."""
    return bundle.config.format.window_frames, bundle.config.foppas.overlap


def _figures(
    bundle: Bundle,
    motions: Sequence[Motion],
    takes: Sequence[EvaluationTake],
    captured: Sequence[Figures],
) -> list[Figures]:
    """Return the figures of each generated motion, with ratios to the captured ones."""
    each = [
        own_figures(motion, take, bundle.skeleton, captured=False)
        | compared_figures(motion, take, bundle.skeleton)
        | seam_figures(motion, take, *_grid(bundle), captured=False)
        for motion, take in zip(motions, takes, strict=True)
    ]
    for values, real in zip(each, captured, strict=True):
        for name, source in _RATIOS.items():
            if real.get(source, 0.0) > 0:
                values[name] = values[source] / real[source]
    return each


def _generate(
    bundle: Bundle,
    engine: Engine,
    takes: Sequence[EvaluationTake],
    seed: int,
    speech_encoder: SpeechEncoder | None,
    on_frames: Callable[[int], None] | None,
) -> tuple[tuple[Motion, ...], Figures]:
    """Generate a motion for every take and measure the speed in multiples of real time."""
    motions, spent_s, used_s, done = [], 0.0, 0.0, 0
    for number, take in enumerate(takes):
        begin, begin_used = time.perf_counter(), time.process_time()
        motion = generate(
            bundle,
            engine,
            [take.samples],
            take.rate,
            seed=seed,
            utterance=number,
            speaker=take.speaker,
            speech_encoder=speech_encoder,
            on_frames=_after(done, on_frames),
        )
        spent_s += time.perf_counter() - begin
        used_s += time.process_time() - begin_used
        motions.append(motion[: min(len(motion), len(take))])
        done += len(take)
    heard_s = sum(take.duration_s for take in takes)
    return tuple(motions), {'real_time': heard_s / spent_s, 'real_time_cpu': heard_s / used_s}


def _after(done: int, on_frames: Callable[[int], None] | None) -> Callable[[int], None] | None:
    """Return a callback that adds the frames of the takes before."""
    return None if on_frames is None else lambda frames: on_frames(done + frames)


def _seed_difference(bundle: Bundle, generated: Sequence[tuple[Motion, ...]]) -> float:
    """Return the mean distance of the wrists between the first two seeds, in centimetres."""
    wrists = wrists_of(bundle.skeleton)
    paths = [
        np.concatenate(
            [trajectories(bundle.skeleton, m.joint_names, m.rotations, wrists) for m in motions]
        )
        for motions in generated[:2]
    ]
    return 100 * position_difference(*paths)
