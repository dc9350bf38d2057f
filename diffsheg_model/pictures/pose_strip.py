"""Strip of poses: the figure at several times, from the front, above curves."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array
from diffsheg_model.motion.skeleton import Skeleton, bone_ends, joint_frames
from diffsheg_model.pictures.curves import (
    INK,
    LEFT,
    RIGHT,
    Curve,
    draw_curve,
    draw_waveform,
    motion_curves,
    new_figure,
    save_png,
    waveform_envelope,
)
from diffsheg_model.pictures.face_sketch import draw_face

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDES = {'left': LEFT, 'right': RIGHT}
_HEADS = ('Head', 'head')
PANEL_IN = 0.55
"""Inches, default height of a panel."""

#: Metres above the ground, lower end of the strip, above the knees.
_BOTTOM_M = 0.6


@dataclass(frozen=True)
class Panel:
    """A plot below the poses, over the same time.

    Attributes:
        tall_in: height in inches.
        draw: function that draws into the axes; the time axis is set afterwards.
    """

    tall_in: float
    draw: Callable[['Axes'], None]


def plot_pose_strip(
    path: str | os.PathLike[str],
    motion: Motion,
    skeleton: Skeleton,
    audio: np.ndarray | None = None,
    rate: int = 16000,
    count: int = 8,
) -> None:
    """Draw `count` poses at equal intervals above curves of face and hands.

    Args:
        path: the PNG file.
        motion: at least one frame.
        skeleton: skeleton with all joints of the motion.
        audio: (n,) mono from the start of the utterance; drawn if given.
        rate: sample rate, Hz.
        count: number of poses, at least one.

    Raises:
        InputError: no frames, no pose, a joint that the skeleton lacks, or a path that cannot be
            written.
    """
    panels = []
    if audio is not None:
        envelope = waveform_envelope(audio, rate)
        panels.append(Panel(PANEL_IN, lambda axes: draw_waveform(axes, envelope)))
    panels += curve_panels(motion_curves(motion, skeleton), motion)
    plot_poses_above(path, motion, skeleton, panels, count)


def curve_panels(curves: Sequence[Curve], motion: Motion) -> list[Panel]:
    """Return a panel for each curve of a motion."""
    times_s = (motion.start_frame + np.arange(len(motion))) / motion.fps
    return [
        Panel(PANEL_IN, partial(draw_curve, curve=curve, times_s=times_s, linewidth=1.0))
        for curve in curves
    ]


def plot_poses_above(
    path: str | os.PathLike[str],
    motion: Motion,
    skeleton: Skeleton,
    panels: Sequence[Panel],
    count: int,
) -> None:
    """Draw `count` poses at equal intervals above panels over the same time.

    A motion without joints is shown as faces.

    Args:
        path: the PNG file.
        motion: at least one frame.
        skeleton: skeleton with all joints of the motion.
        panels: panels from the top.
        count: number of poses, at least one; limited to the number of frames.

    Raises:
        InputError: no frames, no pose, a joint that the skeleton lacks, or a path that cannot be
            written.
    """
    if len(motion) == 0:
        raise InputError(f'cannot draw {path}: the motion has no frames')
    if count < 1:
        raise InputError(f'cannot draw {path}: count is {count}, must be at least 1')
    count = min(count, len(motion))
    # The middles of equal intervals: the first pose is from speech, not from the start.
    frames = ((np.arange(count) + 0.5) * len(motion) / count).astype(np.int64)
    positions, turned = joint_frames(skeleton, motion.joint_names, motion.rotations[frames])
    view = _view(motion, skeleton, positions)
    # Placed in inches, so that figures keep their proportions and stand above their times.
    left_in, right_in, gap_in = 0.45, 0.15, 0.35
    across_in = 1.6 * max(count, 4)
    poses_in = across_in / (count * view.span_m) * (view.top_m - view.bottom_m)
    width_in = left_in + across_in + right_in
    height_in = poses_in + sum(panel.tall_in + gap_in for panel in panels) + 0.55
    figure = new_figure(width_in, height_in, layout=None)

    def place(bottom_in: float, tall_in: float) -> 'Axes':
        box = (left_in / width_in, bottom_in / height_in, across_in / width_in, tall_in / height_in)
        return figure.add_axes(box)

    top_in = height_in - 0.05 - poses_in
    _draw_poses(place(top_in, poses_in), motion, skeleton, frames, positions, turned, view)
    times_s = (motion.start_frame + np.arange(len(motion))) / motion.fps
    for index, panel in enumerate(panels):
        top_in -= panel.tall_in + gap_in
        axes = place(top_in, panel.tall_in)
        panel.draw(axes)
        for frame in frames:
            axes.axvline(times_s[frame], color=INK, linewidth=0.6, linestyle=(0, (2, 3)))
        axes.set_xlim(times_s[0], times_s[-1] + 1 / motion.fps)
        last = index == len(panels) - 1
        axes.tick_params(labelbottom=last)
        if last:
            axes.set_xlabel('time (s)', color=INK, fontsize=9)
    save_png(figure, path)


@dataclass(frozen=True)
class _View:
    """View of each figure, metres: horizontal distance of figures, lower and upper end."""

    span_m: float
    bottom_m: float
    top_m: float


def _view(motion: Motion, skeleton: Skeleton, positions: Array) -> _View:
    heads = [name for name in _HEADS if name in skeleton.names]
    if not motion.joint_names and heads:
        chin_m = float(positions[0, skeleton.index(heads[0]), 1])
        return _View(0.3, chin_m - 0.13, chin_m + 0.19)
    span_m = max(1.0, 1.15 * float(np.ptp(positions[..., 0])))
    return _View(span_m, _BOTTOM_M, max(1.8, float(positions[..., 1].max()) + 0.05))


def _draw_poses(
    axes: 'Axes',
    motion: Motion,
    skeleton: Skeleton,
    frames: np.ndarray,
    positions: Array,
    turned: Array,
    view: _View,
) -> None:
    ends = bone_ends(skeleton, positions, turned)
    for column, frame in enumerate(frames):
        shift = np.array([column * view.span_m, 0.0, 0.0])
        if motion.joint_names:
            _draw_figure(axes, skeleton, positions[column] + shift, ends[column] + shift)
        for joint in (name for name in _HEADS if name in skeleton.names):
            place = skeleton.index(joint)
            draw_face(
                axes, motion, int(frame), positions[column, place] + shift, turned[column, place]
            )
        time_s = (motion.start_frame + int(frame)) / motion.fps
        label_m = view.bottom_m + 0.02 * (view.top_m - view.bottom_m)
        axes.text(
            column * view.span_m, label_m, f'{time_s:.1f} s', ha='center', color=INK, fontsize=8
        )
    axes.set_aspect('equal')
    axes.set_xlim(-0.5 * view.span_m, (len(frames) - 0.5) * view.span_m)
    axes.set_ylim(view.bottom_m, view.top_m)
    axes.axis('off')


def _draw_figure(axes: 'Axes', skeleton: Skeleton, positions: Array, ends: Array) -> None:
    """Draw the bones above the knees: wide for trunk and arms, thin for fingers."""
    for index, parent in enumerate(skeleton.parents):
        name = skeleton.names[index].lower()
        if any(part in name for part in ('head', 'jaw', 'eye', 'knee', 'ankle', 'foot', 'toe')):
            continue
        if name.endswith('leg') and not name.endswith('upleg'):
            continue
        side = next((side for side in _SIDES if name.startswith(side)), '')
        finger = any(part in name for part in ('thumb', 'index', 'middle', 'ring', 'pinky'))
        color = _SIDES.get(side, INK)
        line: dict[str, Any] = {
            'color': color,
            'linewidth': 0.8 if finger else 2.6,
            'solid_capstyle': 'round',
            'zorder': 3 if side else 2,
        }
        if parent >= 0:
            bone = np.stack([positions[parent], positions[index]])
            axes.plot(bone[:, 0], bone[:, 1], **line)
        if finger and np.any(np.asarray(skeleton.ends_m)[index]):
            tip = np.stack([positions[index], ends[index]])
            axes.plot(tip[:, 0], tip[:, 1], **line)
