"""All figures of one motion: its own, and those of its difference from the captured motion.

Figures are a dict from names of `catalogue.CATALOGUE` to numbers. Figures that the data does not
allow are left out.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.evaluation.metrics import blinks, lips
from diffsheg_model.evaluation.metrics.beats import (
    SIGMA_S,
    STROKE_SIGMA_S,
    beat_alignment,
    motion_beats,
    strokes,
)
from diffsheg_model.evaluation.metrics.diversity import l1_diversity
from diffsheg_model.evaluation.metrics.dynamics import (
    WRISTS,
    jerk,
    speed,
    trajectories,
)
from diffsheg_model.evaluation.metrics.face_error import face_l1, face_mse
from diffsheg_model.evaluation.metrics.keypoints import pck, pcm
from diffsheg_model.evaluation.metrics.seams import seam_ratio, seam_starts
from diffsheg_model.evaluation.metrics.srgr import srgr
from diffsheg_model.evaluation.takes import EvaluationTake
from diffsheg_model.motion.joint_limits import BEAT_LIMITS, frames_outside
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.skeleton import Skeleton

Figures = dict[str, float]
Array = NDArray[np.float64]

_EYES = ('eyeBlinkLeft', 'eyeBlinkRight')


def mouth_opening(motion: Motion) -> Array | None:
    """Return the weight jawOpen (F,), else the jaw joint's angle in radians, else None."""
    if 'jawOpen' in motion.weight_names:
        return motion.weights[:, motion.weight_names.index('jawOpen')].astype(np.float64)
    if 'jaw' in motion.joint_names:
        return motion.rotations[:, motion.joint_names.index('jaw'), 0].astype(np.float64)
    return None


def wrists_of(skeleton: Skeleton) -> tuple[str, ...]:
    """Return the wrist joints of a skeleton; empty if it has none."""
    pairs = (pair for pair in WRISTS.values() if set(pair) <= set(skeleton.names))
    return next(pairs, ())


def with_ancestors(skeleton: Skeleton, joints: Sequence[str]) -> list[str]:
    """Return joints and all their ancestors."""
    found = set()
    for name in joints:
        index = skeleton.index(name)
        while index >= 0:
            found.add(skeleton.names[index])
            index = skeleton.parents[index]
    return [name for name in skeleton.names if name in found]


def has_mouth(take: EvaluationTake) -> bool:
    """Return True if the take's mouth opening was captured."""
    return take.has_weights(['jawOpen']) or (
        'jaw' in take.format.face_joint_names and take.has_joints(['jaw'])
    )


def own_figures(
    motion: Motion, take: EvaluationTake, skeleton: Skeleton, captured: bool
) -> Figures:
    """Return the figures of one motion and the audio of its take.

    Args:
        motion: the generated or the captured motion.
        take: take of the motion.
        skeleton: skeleton for both motions.
        captured: True to leave out figures of channels that the take did not capture.
    """
    figures: Figures = {}
    wrists = wrists_of(skeleton)
    if wrists and not (captured and not take.has_joints(with_ancestors(skeleton, wrists))):
        figures |= _wrist_figures(motion, take, skeleton, wrists)
    format_ = take.format
    if not (captured and not take.valid[: format_.gesture_dim].all()):
        body = motion.rotations[:, : len(format_.joint_names)].reshape(len(motion), -1)
        figures['gesture_diversity'] = l1_diversity(body)
        if set(format_.joint_names) & set(BEAT_LIMITS):
            figures['joints_outside'] = frames_outside(motion.joint_names, motion.rotations)
    if not (captured and not take.valid[format_.gesture_dim :].all()):
        figures['face_diversity'] = l1_diversity(channels_of(motion)[:, format_.gesture_dim :])
    opening = mouth_opening(motion)
    if opening is not None and not (captured and not has_mouth(take)):
        energy = take.energy[: len(opening)]
        figures['jaw_energy_r'] = lips.pearson(opening, energy)
        figures['pause_opening'] = lips.opening_in_pauses(opening, energy, motion.fps)
    if set(_EYES) <= set(motion.weight_names) and not (captured and not take.has_weights(_EYES)):
        left, right = (motion.weights[:, motion.weight_names.index(name)] for name in _EYES)
        figures['blinks_per_minute'] = blinks.blinks_per_minute((left + right) / 2, motion.fps)
        figures['longest_shut_s'] = blinks.longest_shut(left, right, motion.fps)
    return figures


def _wrist_figures(
    motion: Motion, take: EvaluationTake, skeleton: Skeleton, wrists: tuple[str, ...]
) -> Figures:
    paths = trajectories(skeleton, motion.joint_names, motion.rotations, wrists)
    speeds = speed(paths, motion.fps)
    figures = {
        'wrist_speed': float(np.median(speeds)),
        'wrist_jerk': float(jerk(paths, motion.fps).mean()),
    }
    curves = [speeds[:, wrist] for wrist in range(len(wrists))]
    if len(take.onsets):
        beats = [motion_beats(curve, motion.fps) for curve in curves]
        figures['beat_alignment'] = _alignment(take.onsets, beats, SIGMA_S)
    if len(take.strong_onsets):
        beats = [strokes(curve, motion.fps) for curve in curves]
        figures['stroke_alignment'] = _alignment(take.strong_onsets, beats, STROKE_SIGMA_S)
    return figures


def _alignment(onsets: Array, beats: Sequence[Array], sigma_s: float) -> float:
    """Return the mean beat alignment over joints."""
    return float(np.mean([beat_alignment(onsets, times, sigma_s) for times in beats]))


def channels_of(motion: Motion) -> NDArray[np.float32]:
    """Return the channels (F, C) of motion in the order of its format."""
    return np.concatenate([motion.rotations.reshape(len(motion), -1), motion.weights], axis=1)


def seam_figures(
    motion: Motion, take: EvaluationTake, window: int, overlap: int, captured: bool
) -> Figures:
    """Return the seam ratios of motion; the captured motion has no seams and is a control.

    Args:
        motion: the generated or the captured motion.
        take: take of the motion.
        window: frames of a window.
        overlap: frames that neighbouring windows share.
        captured: True to leave out figures of channels that the take did not capture.
    """
    starts = seam_starts(len(motion), window, overlap)
    gestures = take.format.gesture_dim
    parts = {'gesture_seams': slice(0, gestures), 'face_seams': slice(gestures, None)}
    channels = channels_of(motion)
    return {
        name: seam_ratio(channels[:, part], starts, overlap)
        for name, part in parts.items()
        if starts and not (captured and not take.valid[part].all())
    }


def compared_figures(motion: Motion, take: EvaluationTake, skeleton: Skeleton) -> Figures:
    """Return the figures of the difference between generated and captured motion."""
    figures: Figures = {}
    frames = len(motion)
    real = take.motion[:frames]
    gestures = take.format.gesture_dim
    channels, captured = channels_of(motion), channels_of(real)
    if take.valid.any():
        figures['pcm'] = pcm(channels[:, take.valid], captured[:, take.valid])
    if take.valid[gestures:].any():
        pair = channels[:, gestures:], captured[:, gestures:]
        figures['face_l1'] = face_l1(*pair, take.valid[gestures:])
        figures['face_mse'] = face_mse(*pair, take.valid[gestures:])
    if take.valid[:gestures].all():
        figures |= _joint_figures(motion, real, take, skeleton)
    return figures | _lip_figures(motion, real, take)


def _joint_figures(
    motion: Motion, real: Motion, take: EvaluationTake, skeleton: Skeleton
) -> Figures:
    names = take.format.joint_names

    def paths(each: Motion) -> Array:
        return trajectories(skeleton, each.joint_names, each.rotations, names)

    figures = {'pck': pck(paths(motion), paths(real))}
    semantic = take.semantic
    if semantic is not None and semantic[: len(motion)].any():
        body, real_body = (each.rotations[:, : len(names)] for each in (motion, real))
        figures['srgr'] = srgr(body, real_body, semantic[: len(motion)])
    return figures


def _lip_figures(motion: Motion, real: Motion, take: EvaluationTake) -> Figures:
    figures: Figures = {}
    opening, real_opening = mouth_opening(motion), mouth_opening(real)
    if opening is not None and real_opening is not None and has_mouth(take):
        figures['jaw_r'] = lips.pearson(opening, real_opening)
        figures['lip_closure'] = lips.lip_closure(opening, real_opening, take.speech[: len(motion)])
    if take.has_weights(lips.ROUNDING):
        figures['rounding_r'] = lips.pearson(
            *(lips.rounding(each.weights, each.weight_names) for each in (motion, real))
        )
    return figures


def weighted_mean(figures: Sequence[Mapping[str, float]], weights: Sequence[float]) -> Figures:
    """Return the weighted mean of each figure over its takes; NaN without a finite value."""
    names = dict.fromkeys(name for values in figures for name in values)
    means: Figures = {}
    for name in names:
        pairs = [
            (values[name], weight)
            for values, weight in zip(figures, weights, strict=True)
            if name in values and np.isfinite(values[name])
        ]
        total = sum(weight for _, weight in pairs)
        means[name] = sum(v * w for v, w in pairs) / total if total else float('nan')
    return means
