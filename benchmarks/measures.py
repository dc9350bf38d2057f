"""Figures of `make evaluate-default`, one function for each kind of recording.

Each function returns {metric: {source: value}}. The sources are 'bundle' (mean over seeds), the
baselines 'energy', 'ridge' and 'teacher', and 'real', the captured motion itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.baselines import Ridge, energy_at_best_lag, teacher_motion
from benchmarks.takes import Body, Lips, Speech
from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine
from diffsheg_model.evaluation.metrics import (
    beats,
    blinks,
    dynamics,
    lips,
    seams,
    styles,
)
from diffsheg_model.evaluation.metrics.diversity import position_difference
from diffsheg_model.features.speech_encoder import SpeechEncoder
from diffsheg_model.motion import joint_limits
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.session.generate import generate
from diffsheg_model.session.live_options import LiveOptions

Scores = dict[str, dict[str, float]]

LIP_COLUMNS = {
    'jaw_r': 'jaw r ↑',
    'rounding_r': 'rounding r ↑',
    'lip_closure': 'closures ↑',
    'other_jaw_energy_r': 'jaw / energy r ↑',
}
MOTION_COLUMNS = {
    'blinks_per_minute': 'blinks / min',
    'blink_ms': 'blink, ms',
    'wrist_speed_ratio': 'wrist speed / real → 1',
    'wrist_jerk_ratio': 'jerk / real → 1',
    'two_seeds_cm': 'two seeds, cm',
    'seam_rotations': 'seams, body → 1',
    'seam_face': 'seams, face → 1',
}
"""Titles of figures that several tables show."""

SHUFFLES = 100
ARMS = ('RightHand', 'LeftHand', 'RightForeArm', 'LeftForeArm', 'Head')


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle ready to generate.

    Attributes:
        bundle: the model.
        engine: engine that runs it.
        encoder: its speech encoder, or None.
        seeds: number of seeds to average over.
        say: called with lines about the progress.
        live: options for planning as if speech were live; None for whole windows.
    """

    bundle: Bundle
    engine: Engine
    encoder: SpeechEncoder | None
    seeds: int
    say: Callable[[str], None]
    live: LiveOptions | None = None

    def motion(self, speech: Speech, seed: int, speaker: int = 0) -> Motion:
        """Generate one motion."""
        self.say(f'{speech.name}: seed {seed}, speaker {speaker}')
        return generate(
            self.bundle,
            self.engine,
            [speech.samples],
            speech.rate,
            seed=seed,
            speaker=speaker,
            speech_encoder=self.encoder,
            live=self.live,
        )

    def motions(self, speech: Speech, speaker: int = 0) -> list[Motion]:
        """Generate one motion for each seed."""
        return [self.motion(speech, seed, speaker) for seed in range(self.seeds)]


def _weight(motion: Motion, name: str) -> np.ndarray:
    return motion.weights[:, motion.weight_names.index(name)].astype(np.float64)


def _means(of_sources: dict[str, list[dict[str, float]]]) -> Scores:
    """Turn {source: [scores of a seed]} into {metric: {source: mean over seeds}}."""
    return {
        metric: {
            source: float(np.mean([scores[metric] for scores in seeds]))
            for source, seeds in of_sources.items()
            if seeds and metric in seeds[0]
        }
        for metric in next(iter(of_sources.values()))[0]
    }


def captured_lips(model: Model, take: Lips, motions: list[Motion], ridge: Ridge | None) -> Scores:
    """Compare the mouth with the captured one over the whole take."""
    speech = take.speech

    def scores(jaw: np.ndarray, rounding: np.ndarray) -> dict[str, float]:
        frames = min(len(jaw), len(take.jaw))
        jaw, rounding, captured = jaw[:frames], rounding[:frames], take.jaw[:frames]
        energy = lips.short_time_energy(speech.samples, speech.rate, BEAT.fps, frames)
        return {
            'jaw_r': lips.pearson(jaw, captured),
            'rounding_r': lips.pearson(rounding, take.rounding[:frames]),
            'lip_closure': lips.lip_closure(jaw, captured, lips.speech_frames(energy)),
        }

    def of(motion: Motion) -> dict[str, float]:
        return scores(
            _weight(motion, 'jawOpen'), lips.rounding(motion.weights, motion.weight_names)
        )

    sources = {
        'bundle': [of(motion) for motion in motions],
        'energy': [
            scores(energy_at_best_lag(speech, take.jaw), energy_at_best_lag(speech, take.rounding))
        ],
        'teacher': [of(teacher_motion(speech, len(take.jaw), seed)) for seed in range(model.seeds)],
    }
    if ridge is not None:
        sources['ridge'] = [scores(*ridge.predict(speech))]
    return _means(sources)


def heard_lips(
    model: Model, speech: Speech, motions: list[Motion], ridge: Ridge | None, prefix: str
) -> Scores:
    """Compare the mouth with the sound alone."""

    def scores(jaw: np.ndarray) -> dict[str, float]:
        energy = lips.short_time_energy(speech.samples, speech.rate, BEAT.fps, len(jaw))
        lag, best = lips.best_lag(jaw, energy)
        return {
            f'{prefix}_jaw_energy_r': lips.pearson(jaw, energy),
            f'{prefix}_jaw_energy_best_r': best,
            f'{prefix}_jaw_energy_lag_ms': 1000 * lag / BEAT.fps,
            f'{prefix}_pause_opening': lips.opening_in_pauses(jaw, energy, BEAT.fps),
        }

    frames = len(motions[0])
    teachers = [teacher_motion(speech, frames, seed) for seed in range(model.seeds)]
    energy = lips.short_time_energy(speech.samples, speech.rate, BEAT.fps, frames)
    sources = {
        'bundle': [scores(_weight(motion, 'jawOpen')) for motion in motions],
        'energy': [scores(energy)],
        'teacher': [scores(_weight(motion, 'jawOpen')) for motion in teachers],
    }
    if ridge is not None:
        sources['ridge'] = [scores(ridge.predict(speech)[0])]
    return _means(sources)


def eyes(model: Model, motions: list[Motion], speech: Speech) -> Scores:
    """Measure blinks and eyelids in motions for any recordings."""

    def scores(group: list[Motion]) -> dict[str, float]:
        pairs = [(_weight(m, 'eyeBlinkLeft'), _weight(m, 'eyeBlinkRight')) for m in group]
        closures = [0.5 * (left + right) for left, right in pairs]
        fps = BEAT.fps
        lengths = np.concatenate([blinks.blink_durations(curve, fps) for curve in closures])
        half = [blinks.crossings(curve, fps, blinks.HALF_SHUT) for curve in closures]
        spans = np.concatenate(half)
        empty = not len(lengths)
        return {
            'blinks_per_minute': float(
                np.mean([blinks.blinks_per_minute(curve, fps) for curve in closures])
            ),
            'blink_ms': float('nan') if empty else 1000 * float(np.median(lengths)),
            'blinks_in_range': float('nan')
            if empty
            else float(np.mean((lengths >= 0.1) & (lengths <= 0.4))),
            'blink_half_shut_ms': 1000 * float(np.median(spans[:, 1] - spans[:, 0]))
            if len(spans)
            else float('nan'),
            'eyes_shut_s': max(blinks.longest_shut(left, right, fps) for left, right in pairs),
        }

    frames = int(speech.duration_s * BEAT.fps)
    teachers = [teacher_motion(speech, frames, seed) for seed in range(model.seeds)]
    return _means({'bundle': [scores(motions)], 'teacher': [scores(teachers)]})


def gesture(model: Model, body: Body, motions: list[Motion]) -> Scores:
    """Compare the body with the captured one, both on the bundle's skeleton."""
    speech, skeleton, fps = body.speech, model.bundle.skeleton, BEAT.fps
    wrists = dynamics.WRISTS['beat']
    groups = {
        'bundle': [motion.rotations for motion in motions],
        'teacher': [
            teacher_motion(speech, len(motions[0]), seed).rotations for seed in range(model.seeds)
        ],
        'real': [body.rotations],
    }
    result: Scores = {}

    def put(metric: str, source: str, value: float) -> None:
        result.setdefault(metric, {})[source] = value

    onsets = beats.audio_onsets(speech.samples, speech.rate)
    strong = beats.strong_onsets(speech.samples, speech.rate)
    speeds, jerks = {}, {}
    for source, group in groups.items():
        paths = [
            dynamics.trajectories(skeleton, BEAT.joint_names, rotations, wrists)
            for rotations in group
        ]
        hand_speeds = [dynamics.speed(path, fps) for path in paths]
        speeds[source] = float(np.mean([np.median(speed) for speed in hand_speeds]))
        jerks[source] = float(np.mean([dynamics.jerk(path, fps).mean() for path in paths]))
        outside = [joint_limits.frames_outside(BEAT.joint_names, rotations) for rotations in group]
        put('outside_limits', source, float(np.mean(outside)))
        curves = [speed[:, hand] for speed in hand_speeds for hand in range(len(wrists))]
        lowest = [beats.motion_beats(curve, fps) for curve in curves]
        fastest = [beats.strokes(curve, fps) for curve in curves]
        for metric, heard, landmarks, sigma_s in (
            ('beat_alignment', onsets, lowest, beats.SIGMA_S),
            ('stroke_alignment', strong, fastest, beats.STROKE_SIGMA_S),
        ):
            score, p = _against_shifts(heard, landmarks, speech.duration_s, sigma_s)
            put(metric, source, score)
            put(f'{metric}_p', source, p)
    for source in ('bundle', 'teacher'):
        put('wrist_speed_ratio', source, speeds[source] / speeds['real'])
        put('wrist_jerk_ratio', source, jerks[source] / jerks['real'])
        positions = [
            dynamics.trajectories(skeleton, BEAT.joint_names, rotations, BEAT.joint_names)
            for rotations in groups[source][:2]
        ]
        put('two_seeds_cm', source, 100 * position_difference(positions[0], positions[1]))
    again = model.motion(speech, 0)
    same = max(
        np.abs(again.rotations - motions[0].rotations).max(),
        np.abs(again.weights - motions[0].weights).max(),
    )
    put('same_seed_difference', 'bundle', float(same))
    return result


def _against_shifts(
    onsets: np.ndarray, landmarks: list[np.ndarray], duration_s: float, sigma_s: float
) -> tuple[float, float]:
    """Return the mean alignment of all curves, and its p-value over shifted audio."""

    def score(heard: np.ndarray) -> float:
        return float(np.mean([beats.beat_alignment(heard, of, sigma_s) for of in landmarks]))

    shifts = beats.random_shifts(duration_s, SHUFFLES, seed=0)
    null = np.array([score(beats.shifted(onsets, duration_s, shift)) for shift in shifts])
    found = score(onsets)
    return found, beats.p_value(found, null)


def style(model: Model, speech: Speech) -> Scores:
    """Measure the accuracy of telling the style (speaker) from the motion, and the chance level."""
    count = min(8, model.bundle.config.network.num_speakers)
    if count < 2 or model.seeds < 2:
        return {'style_accuracy': {'bundle': float('nan')}}
    of_source = {}
    for source in ('bundle', 'teacher'):
        features, labels, groups = [], [], []
        for speaker in range(count):
            for seed in range(model.seeds):
                if source == 'bundle':
                    motion = model.motion(speech, seed, speaker)
                else:
                    frames = int(speech.duration_s * BEAT.fps)
                    motion = teacher_motion(speech, frames, seed, speaker)
                paths = dynamics.trajectories(
                    model.bundle.skeleton, BEAT.joint_names, motion.rotations, ARMS
                )
                features.append(styles.motion_statistics(paths, BEAT.fps))
                labels.append(speaker)
                groups.append(seed)
        of_source[source] = styles.style_accuracy(
            np.array(features), np.array(labels), np.array(groups)
        )
    return {
        'style_accuracy': of_source,
        'style_chance': {'bundle': 1 / count},
    }


def seam_quality(model: Model, motions: list[Motion]) -> Scores:
    """Return the ratio of frame differences at window seams to those inside windows."""
    window = model.bundle.config.format.window_frames
    overlap = model.bundle.config.foppas.overlap
    result: Scores = {}
    for part in ('rotations', 'face'):
        ratios, profiles = [], []
        for motion in motions:
            starts = seams.seam_starts(len(motion), window, overlap)
            if not starts:
                continue
            values = motion.rotations if part == 'rotations' else motion.weights
            ratios.append(seams.seam_ratio(values, starts, overlap))
            profiles.append(seams.seam_profile(values, starts, overlap))
        if ratios:
            result[f'seam_{part}'] = {'bundle': float(np.mean(ratios))}
            worst = float(np.nanmax(np.nanmean(profiles, axis=0)))
            result[f'seam_{part}_worst_step'] = {'bundle': worst}
    return result


def cost(model: Model, speech: Speech, threads: int) -> Scores:
    """Return the size on disk, and the speed as a multiple of real time (best of three).

    One speed is by the clock, so other programs lower it. The other is by CPU time, which estimates
    the speed with all cores free. It is a little too low, because threads also wait.
    """
    size = sum(file.stat().st_size for file in model.bundle.path.rglob('*') if file.is_file())
    clock, used = np.inf, np.inf
    for _ in range(3):
        begin, begin_used = time.perf_counter(), time.process_time()
        model.motion(speech, 0)
        clock = min(clock, time.perf_counter() - begin)
        used = min(used, (time.process_time() - begin_used) / threads)
    return {
        'size_mb': {'bundle': size / 1e6},
        'times_real_time': {'bundle': speech.duration_s / clock},
        'times_real_time_cpu': {'bundle': speech.duration_s / used},
    }
