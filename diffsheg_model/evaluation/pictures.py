"""Pictures of the report: captured and generated motion."""

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.evaluation.measures import (
    has_mouth,
    mouth_opening,
    with_ancestors,
    wrists_of,
)
from diffsheg_model.evaluation.metrics.dynamics import speed, trajectories
from diffsheg_model.evaluation.takes import EvaluationTake
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.pictures.curves import (
    INK,
    LEFT,
    MOUTH,
    clean,
    draw_waveform,
    new_figure,
    waveform_envelope,
)
from diffsheg_model.pictures.pose_strip import plot_pose_strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

CURVE_S = 20.0
"""Seconds, length of curves; longer ones are not readable."""

STRIP_S = 10.0
"""Seconds, length of pose strips."""


def png(figure: 'Figure') -> bytes:
    """Return a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', metadata={'Software': None})
    return buffer.getvalue()


def mouth_picture(
    takes: Sequence[EvaluationTake], generated: Sequence[Sequence[Motion]]
) -> tuple[str, bytes] | None:
    """Draw captured and generated mouth opening of the first take that has it.

    Args:
        takes: takes of the evaluation.
        generated: motion of each seed and take.

    Returns:
        A caption and a PNG; None if no mouth was captured.
    """
    number = next((n for n, take in enumerate(takes) if has_mouth(take)), None)
    if number is None:
        return None
    take = takes[number]
    end = round(CURVE_S * take.format.fps)
    figure = new_figure(11, 3.6)
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=[0.5, 1])
    seconds = min(CURVE_S, take.duration_s)
    draw_waveform(top, waveform_envelope(take.samples[: round(seconds * take.rate)], take.rate))
    for seed, motions in enumerate(generated):
        opening = mouth_opening(motions[number][:end])
        if opening is not None:
            label = 'generated' if seed == 0 else None
            _line(below, opening, take.format.fps, MOUTH, label, 1.4 if seed == 0 else 0.6)
    real = mouth_opening(take.motion[:end])
    if real is not None:
        _line(below, real, take.format.fps, INK, 'captured', 1.4)
    clean(below, 'mouth opening')
    _legend(below)
    below.set_xlabel('time (s)', fontsize=9)
    below.set_xlim(0, seconds)
    return f'Mouth opening, take {take.name}; thin lines are other seeds.', png(figure)


def _legend(axes: 'Axes') -> None:
    """Draw the legend above the axes on the right, beside the curves."""
    axes.legend(
        loc='lower right',
        bbox_to_anchor=(1.0, 0.98),
        borderaxespad=0.0,
        ncols=2,
        frameon=False,
        fontsize=8,
    )


def _line(
    axes: 'Axes', values: Array, fps: float, color: str, label: str | None, width: float
) -> None:
    axes.plot(np.arange(len(values)) / fps, values, color=color, linewidth=width, label=label)


def movement_picture(
    takes: Sequence[EvaluationTake], motions: Sequence[Motion], skeleton: Skeleton
) -> tuple[str, bytes] | None:
    """Draw the histogram of wrist speed, and spectra of wrist speed and mouth opening.

    Args:
        takes: takes of the evaluation.
        motions: motions of one seed, one for each take.
        skeleton: skeleton for both motions.

    Returns:
        A caption and a PNG; None if neither wrists nor mouth were captured.
    """
    wrists = wrists_of(skeleton)
    chain = with_ancestors(skeleton, wrists)
    speeds: dict[str, list[Array]] = {'captured': [], 'generated': []}
    mouths: dict[str, list[Array]] = {'captured': [], 'generated': []}
    for take, made in zip(takes, motions, strict=True):
        for name, motion in (('captured', take.motion), ('generated', made)):
            if wrists and take.has_joints(chain):
                paths = trajectories(skeleton, motion.joint_names, motion.rotations, wrists)
                speeds[name].append(speed(paths, motion.fps).mean(axis=1))
            opening = mouth_opening(motion)
            if has_mouth(take) and opening is not None:
                mouths[name].append(opening)
    kinds = [
        (title, values)
        for title, values in (('wrist speed', speeds), ('mouth opening', mouths))
        if values['captured']
    ]
    if not kinds:
        return None
    panels = len(kinds) + bool(speeds['captured'])
    figure = new_figure(3.7 * panels, 3.0)
    axes = list(figure.subplots(1, panels, squeeze=False)[0])
    if speeds['captured']:
        _histogram(axes.pop(0), speeds)
    for (title, curves), place in zip(kinds, axes, strict=True):
        top = 0.0
        for name, color in (('captured', INK), ('generated', LEFT)):
            frequencies, power = _spectrum(curves[name], takes[0].format.fps)
            place.plot(frequencies, power, color=color, linewidth=1.4, label=name)
            top = max(top, float(power.max()), 1e-9)
        clean(place, f'{title}, per Hz')
        place.set(yscale='log', ylim=(1e-6 * top, 2 * top), xlabel='Hz')
        _legend(place)
    return 'Speed and spectra, all takes, seed 0.', png(figure)


def _histogram(axes: 'Axes', speeds: dict[str, list[Array]]) -> None:
    together = {name: np.concatenate(parts) for name, parts in speeds.items()}
    top = max(float(np.percentile(values, 99)) for values in together.values())
    bins = np.linspace(0, max(top, 1e-3), 40)
    for name, color in (('captured', INK), ('generated', LEFT)):
        axes.hist(
            together[name],
            bins=bins.tolist(),
            density=True,
            histtype='step',
            color=color,
            linewidth=1.4,
            label=name,
        )
    clean(axes, 'wrist speed (m/s)')
    _legend(axes)


def _spectrum(curves: Sequence[Array], fps: float) -> tuple[Array, Array]:
    """Return the power density (Welch, windows of 4 s, no mean), averaged over takes."""
    from scipy.signal import welch

    length = min(round(4 * fps), *(len(curve) for curve in curves), 10**6)
    spectra = [welch(curve, fps, nperseg=length) for curve in curves]
    power = np.average([power for _, power in spectra], axis=0, weights=list(map(len, curves)))
    return spectra[0][0][1:], power[1:]


def strip_pictures(
    takes: Sequence[EvaluationTake], motions: Sequence[Motion], skeleton: Skeleton
) -> list[tuple[str, bytes]]:
    """Draw pose strips of the first take with a captured body: generated, then captured.

    Without such a take there is only the generated strip of the first take.
    """
    gestures = takes[0].format.gesture_dim
    whole = (n for n, take in enumerate(takes) if take.valid[:gestures].all())
    number = next(whole, None)
    pictures = []
    take, end = takes[number or 0], round(STRIP_S * takes[0].format.fps)
    shown = [('generated', motions[number or 0])]
    if number is not None:
        shown.append(('captured', take.motion))
    with tempfile.TemporaryDirectory() as folder:
        for name, motion in shown:
            path = Path(folder) / f'{name}.png'
            plot_pose_strip(path, motion[:end], skeleton, take.samples, take.rate)
            pictures.append((f'{name.capitalize()}, take {take.name}.', path.read_bytes()))
    return pictures
