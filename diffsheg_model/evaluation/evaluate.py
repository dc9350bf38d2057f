"""Generates motion for recordings, several times, and measures it against the captured motion."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.advice import install_advice
from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.catalogue import CATALOGUE
from diffsheg_model.evaluation.frechet.distance import frechet_distance
from diffsheg_model.evaluation.frechet.windows import cut_windows, has_channels
from diffsheg_model.evaluation.measures import (
    Figures,
    channels_of,
    compared_figures,
    own_figures,
    seam_figures,
    weighted_mean,
    wrists_of,
)
from diffsheg_model.evaluation.metrics.diversity import pair_distance, position_difference
from diffsheg_model.evaluation.metrics.dynamics import trajectories
from diffsheg_model.evaluation.takes import EvaluationData, EvaluationTake
from diffsheg_model.features.speech_encoder import SpeechEncoder
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.session.generate import generate

if TYPE_CHECKING:
    from diffsheg_model.evaluation.frechet.autoencoder import Autoencoder

Array = NDArray[np.float64]

DIVERSITY_WINDOWS = 200
"""Windows whose pairs diversity is taken over, spread evenly: the pairs grow with the square."""

_RATIOS = {'speed_ratio': 'wrist_speed', 'jerk_ratio': 'wrist_jerk'}


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    Attributes:
        values: of each seed.
        captured: the captured motion's own; None where that says nothing.
    """

    values: tuple[float, ...]
    captured: float | None = None

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the seeds; NaN of one seed."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else float('nan')


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out.

    Attributes:
        figures: by name, in the order of the catalogue.
        generated: motion of each seed and take.
        notes: one line for everything that could not be measured, or only partly.
    """

    figures: dict[str, Figure]
    generated: tuple[tuple[Motion, ...], ...]
    notes: tuple[str, ...]


def open_autoencoders(paths: Sequence[Path], format_: MotionFormat) -> 'list[Autoencoder]':
    """Loads auto-encoders for motion of a format.

    Raises:
        InputError: a folder is none, it takes other motion, two measure the same, or torch is
            not installed.
    """
    if not paths:
        return []
    try:
        from diffsheg_model.evaluation.frechet.autoencoder import check_format, load_autoencoder
    except ModuleNotFoundError as error:
        raise InputError(
            f'auto-encoders need the module {error.name}, which is not installed: '
            f'{install_advice("train")}'
        ) from error
    found: dict[str, Autoencoder] = {}
    for path in paths:
        autoencoder = load_autoencoder(path)
        check_format(autoencoder, format_, path)
        kind = autoencoder.protocol.distance
        if kind in found:
            raise InputError(f'{path}: measures {kind}, as one before it does; give one of a kind')
        found[kind] = autoencoder
    return list(found.values())


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
    """Measures a bundle on recordings.

    Args:
        bundle: the model, with the sampler settings to use.
        engine: its network.
        data: recordings with captured motion.
        seeds: how many motions a recording; seeds 0 .. seeds - 1.
        speech_encoder: what the bundle's features ask for.
        autoencoders: at most one for each Frechet distance.
        strict: whether too few windows for a distance are an error instead of a note.
        on_frames: told the number of frames generated so far.

    Raises:
        InputError: as the arguments deserve.
    """
    if seeds < 1:
        raise InputError(f'seeds = {seeds}: must be at least 1')
    takes = data.takes
    distances = _Distances(autoencoders, takes, strict)
    weights = [float(len(take)) for take in takes]
    window, overlap = bundle.config.format.window_frames, bundle.config.foppas.overlap
    captured = [
        own_figures(take.motion, take, bundle.skeleton, captured=True)
        | seam_figures(take.motion, take, window, overlap, captured=True)
        for take in takes
    ]
    generated: list[tuple[Motion, ...]] = []
    rows: list[Figures] = []
    done = 0
    for seed in range(seeds):
        motions, spent_s, used_s = [], 0.0, 0.0
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
        each = [
            own_figures(motion, take, bundle.skeleton, captured=False)
            | compared_figures(motion, take, bundle.skeleton)
            | seam_figures(motion, take, window, overlap, captured=False)
            for motion, take in zip(motions, takes, strict=True)
        ]
        for values, real in zip(each, captured, strict=True):
            for name, source in _RATIOS.items():
                if real.get(source, 0.0) > 0:
                    values[name] = values[source] / real[source]
        row = weighted_mean(each, weights) | distances.to(motions)
        heard_s = sum(take.duration_s for take in takes)
        row |= {'real_time': heard_s / spent_s, 'real_time_cpu': heard_s / used_s}
        rows.append(row)
        generated.append(tuple(motions))
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


def _after(done: int, on_frames: Callable[[int], None] | None) -> Callable[[int], None] | None:
    """Counts the frames of one take on top of those of the takes before it."""
    return None if on_frames is None else lambda frames: on_frames(done + frames)


def _seed_difference(bundle: Bundle, generated: Sequence[tuple[Motion, ...]]) -> float:
    """Mean distance in centimetres of the wrists between the first two seeds."""
    wrists = wrists_of(bundle.skeleton)
    paths = [
        np.concatenate(
            [trajectories(bundle.skeleton, m.joint_names, m.rotations, wrists) for m in motions]
        )
        for motions in generated[:2]
    ]
    return 100 * position_difference(*paths)


class _Distances:
    """Frechet distances and diversity in the features of auto-encoders.

    Attributes:
        captured: figures of the captured motion by itself.
        notes: what could not be measured.
    """

    def __init__(
        self,
        autoencoders: 'Sequence[Autoencoder]',
        takes: Sequence[EvaluationTake],
        strict: bool,
    ) -> None:
        self._takes = takes
        self._real: list[tuple[Autoencoder, list[Array]]] = []
        self.captured: Figures = {}
        self.notes: list[str] = []
        # The most general features first: diversity is taken in the first that there are.
        order = sorted(autoencoders, key=lambda each: list(CATALOGUE).index(each.protocol.distance))
        for autoencoder in order:
            protocol = autoencoder.protocol
            real = self._features(autoencoder, [take.channels for take in takes])
            count = sum(map(len, real))
            if count < protocol.windows_needed:
                note = (
                    f'{protocol.distance} left out: {count} windows of {protocol.window_frames} '
                    f'frames with valid {protocol.channels} channels, and the covariance of '
                    f'{protocol.latent_dim} features needs {protocol.windows_needed}; give more '
                    'or longer takes'
                )
                if strict:
                    raise InputError(note)
                self.notes.append(note)
                continue
            self._real.append((autoencoder, real))
            self.captured |= self._floor(autoencoder, real)
        if self._real:
            self.captured['diversity'] = _diversity(self._real[0][1])

    def _features(
        self, autoencoder: 'Autoencoder', motions: Sequence[NDArray[np.float32]]
    ) -> list[Array]:
        protocol = autoencoder.protocol
        return [
            autoencoder.encode(
                cut_windows(channels, protocol.window_frames, protocol.stride), take.valid
            )
            for take, channels in zip(self._takes, motions, strict=True)
            if has_channels(take.valid, take.format, protocol.channels)
        ]

    def _floor(self, autoencoder: 'Autoencoder', real: Sequence[Array]) -> Figures:
        """The distance between the captured takes' first and second halves."""
        halves = [(part[: len(part) // 2], part[len(part) // 2 :]) for part in real]
        first, second = (np.concatenate(parts) for parts in zip(*halves, strict=True))
        if min(len(first), len(second)) < autoencoder.protocol.windows_needed:
            return {}
        return {autoencoder.protocol.distance: frechet_distance(first, second)}

    def to(self, motions: Sequence[Motion]) -> Figures:
        """Figures of one seed's motions."""
        figures: Figures = {}
        for autoencoder, real in self._real:
            made = self._features(autoencoder, [channels_of(motion) for motion in motions])
            figures[autoencoder.protocol.distance] = frechet_distance(
                np.concatenate(real), np.concatenate(made)
            )
            figures.setdefault('diversity', _diversity(made))
        return figures


def _diversity(features: Sequence[Array]) -> float:
    together = np.concatenate(features)
    step = -(-len(together) // DIVERSITY_WINDOWS)
    return pair_distance(together[::step])
