"""Plots of curves over time: waveform, mouth opening, blink and wrist speed (curves.png)."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.files.user_folders import prepare_matplotlib
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array, rates
from diffsheg_model.motion.skeleton import Skeleton, forward_kinematics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = '#22303c'
GREY = '#8a97a3'
PALE = '#dfe5ea'
MOUTH = '#d1495b'
BLINK = '#2a7f9e'
LEFT = '#e08e1b'
RIGHT = '#4f6d3a'

_DPI = 130
#: Columns of the waveform; a picture shows no more of a long recording.
_WAVEFORM_BINS = 1600


@dataclass(frozen=True)
class Curve:
    """One quantity over the frames of a motion.

    Attributes:
        title: title with unit.
        lines: label, colour and values (F,) of each line.
        top: lowest upper limit of the axis, so that small movements look small.
    """

    title: str
    lines: tuple[tuple[str, str, Array], ...]
    top: float


def motion_curves(motion: Motion, skeleton: Skeleton) -> list[Curve]:
    """Return the curves of mouth opening, blink and wrist speed that the motion has."""
    return mouth_and_blink(motion) + wrist_speed(motion, skeleton)


def mouth_and_blink(motion: Motion) -> list[Curve]:
    """Return the curves of mouth opening and blink.

    The mouth is the weight jawOpen, or else the angle of the joint jaw about its x axis. Blink is
    the mean of both eyes' weights.
    """
    curves = []
    weights = {name: motion.weights[:, i] for i, name in enumerate(motion.weight_names)}
    if 'jawOpen' in weights:
        values = weights['jawOpen'].astype(np.float64)
        curves.append(Curve('mouth opening (jawOpen, 0–1)', (('', MOUTH, values),), 0.3))
    elif 'jaw' in motion.joint_names:
        jaw = motion.rotations[:, motion.joint_names.index('jaw'), 0]
        values = np.rad2deg(jaw.astype(np.float64))
        curves.append(Curve('mouth opening (jaw angle, °)', (('', MOUTH, values),), 10.0))
    if 'eyeBlinkLeft' in weights and 'eyeBlinkRight' in weights:
        values = (weights['eyeBlinkLeft'].astype(np.float64) + weights['eyeBlinkRight']) / 2
        curves.append(Curve('blink (mean of both eyes, 0–1)', (('', BLINK, values),), 1.0))
    return curves


def wrist_speed(motion: Motion, skeleton: Skeleton) -> list[Curve]:
    """Return the curve of wrist speed by forward kinematics; empty without joints."""
    hands = wrists_of(motion, skeleton)
    if hands is None:
        return []
    speeds = np.linalg.norm(rates(hands, motion.fps), axis=-1)
    lines = (('left', LEFT, speeds[:, 0]), ('right', RIGHT, speeds[:, 1]))
    return [Curve('wrist speed (m/s)', lines, 0.5)]


def wrists_of(motion: Motion, skeleton: Skeleton) -> Array | None:
    """Return the positions (F, 2, 3) of both wrists relative to the root, metres, or None."""
    for names in (('LeftHand', 'RightHand'), ('left_wrist', 'right_wrist')):
        if motion.joint_names and set(names) <= set(skeleton.names):
            positions = forward_kinematics(skeleton, motion.joint_names, motion.rotations)
            return positions[:, skeleton.indices(names)] - positions[:, :1]
    return None


def plot_curves(
    path: str | os.PathLike[str],
    motion: Motion,
    skeleton: Skeleton,
    audio: np.ndarray,
    rate: int,
) -> None:
    """Draw the curves of `motion_curves` below the waveform, on one time axis, as a PNG.

    Args:
        path: the file.
        motion: F frames, from its start_frame on.
        skeleton: skeleton with all joints of the motion.
        audio: (n,) mono, -1..1, from the start of the utterance.
        rate: sample rate, Hz.

    Raises:
        InputError: the skeleton lacks a joint, or the path cannot be written.
    """
    curves = motion_curves(motion, skeleton)
    figure = new_figure(11, 1.7 + 1.5 * len(curves))
    rows = figure.subplots(
        len(curves) + 1, 1, sharex=True, squeeze=False, height_ratios=[0.75] + [1] * len(curves)
    )[:, 0]
    times_s = (motion.start_frame + np.arange(len(motion))) / motion.fps
    end_s = max(len(audio) / rate, float(times_s[-1] + 1 / motion.fps) if len(motion) else 0.0)
    envelope = waveform_envelope(audio, rate)
    draw_waveform(rows[0], envelope)
    for axes, curve in zip(rows[1:], curves, strict=True):
        draw_curve(axes, curve, times_s)
        _draw_speech_behind(axes, envelope)
    rows[-1].set_xlabel('time (s)', color=INK, fontsize=9)
    rows[-1].set_xlim(0, max(end_s, 1e-3))
    save_png(figure, path)


def new_figure(
    width_in: float, height_in: float, layout: Literal['constrained'] | None = 'constrained'
) -> 'Figure':
    """Return an empty white figure without a window and without global state of matplotlib."""
    prepare_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=_DPI, facecolor='white', layout=layout)


def save_png(figure: 'Figure', path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG; equal figures give equal files."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format='png', metadata={'Software': None})


def draw_waveform(axes: 'Axes', envelope: tuple[Array, Array, Array]) -> None:
    """Draw the envelope of the recording, on an axis scaled to its peak."""
    times_s, low, high = envelope
    peak = max(float(np.abs(low).max(initial=0)), float(high.max(initial=0)), 1e-3)
    axes.fill_between(times_s, low, high, color=GREY, linewidth=0.3, edgecolor=GREY)
    axes.set_ylim(-1.05 * peak, 1.05 * peak)
    clean(axes, 'speech (amplitude, ±1)')


def draw_curve(axes: 'Axes', curve: Curve, times_s: Array, linewidth: float = 1.4) -> None:
    """Draw the lines of a curve over time, from zero up if no value is below."""
    low, high = 0.0, curve.top
    for label, color, values in curve.lines:
        axes.plot(times_s, values, color=color, linewidth=linewidth, label=label, zorder=3)
        finite = values[np.isfinite(values)]
        low = min(low, float(finite.min(initial=0.0)))
        high = max(high, float(finite.max(initial=0.0)))
    margin = 0.06 * (high - low)
    axes.set_ylim(low - (margin if low < 0 else 0.02 * high), high + margin)
    clean(axes, curve.title)
    if len(curve.lines) > 1:
        axes.legend(
            loc='lower right',
            bbox_to_anchor=(1.0, 0.98),
            borderaxespad=0.0,
            ncols=len(curve.lines),
            frameon=False,
            fontsize=8,
            labelcolor=INK,
        )


def clean(axes: 'Axes', title: str) -> None:
    """Style axes: title with unit on the left, a light grid, no box."""
    axes.set_title(title, loc='left', color=INK, fontsize=8.5, pad=3)
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color(PALE)
    axes.tick_params(colors=INK, labelsize=8, length=3, color=GREY)
    axes.grid(axis='both', color=PALE, linewidth=0.5, zorder=0)
    axes.locator_params(axis='y', nbins=4)
    axes.set_axisbelow(True)


def waveform_envelope(audio: np.ndarray, rate: int) -> tuple[Array, Array, Array]:
    """Return times (B,) in s, minima and maxima (B,) of at most 1,600 equal intervals.

    NaN samples are left out.
    """
    audio = np.asarray(audio).reshape(-1)
    if len(audio) == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    starts = np.unique(np.linspace(0, len(audio), _WAVEFORM_BINS + 1)[:-1].astype(np.int64))
    times_s = (starts + np.diff(starts, append=len(audio)) / 2) / rate
    low, high = np.fmin.reduceat(audio, starts), np.fmax.reduceat(audio, starts)
    return times_s, np.nan_to_num(low.astype(np.float64)), np.nan_to_num(high.astype(np.float64))


def _draw_speech_behind(axes: 'Axes', envelope: tuple[Array, Array, Array]) -> None:
    """Draw the loudness, in a light colour, from the bottom of the axes."""
    times_s, low, high = envelope
    loud = np.maximum(high, -low)
    if loud.max(initial=0.0) <= 0:
        return
    background: Any = axes.get_xaxis_transform()
    axes.fill_between(
        times_s, 0, 0.92 * loud / loud.max(), transform=background, color='#eef1f4', zorder=1
    )
