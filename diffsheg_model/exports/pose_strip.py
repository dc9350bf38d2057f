"""A strip of poses: the figure as it stands at some moments, from the front, above its curves."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.exports.plot import (
    BLINK,
    INK,
    LEFT,
    MOUTH,
    RIGHT,
    draw_curve,
    draw_waveform,
    motion_curves,
    new_figure,
    save_png,
    waveform_envelope,
)
from diffsheg_model.motion import Motion
from diffsheg_model.rotations import Array
from diffsheg_model.skeleton import Skeleton, bone_ends, joint_frames

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDES = {'left': LEFT, 'right': RIGHT}
_HEADS = ('Head', 'head')
#: Outline of the head in the head joint's frame, metres: centre, half width, half height.
_HEAD_CENTRE = np.array([0.0, 0.05, 0.02])
_HEAD_SIZE = (0.075, 0.105)
_FACE_DEPTH = 0.09
#: The strip ends above the knees, metres from the ground.
_BOTTOM_M = 0.6


def plot_pose_strip(
    path: str | os.PathLike[str],
    motion: Motion,
    skeleton: Skeleton,
    audio: np.ndarray | None = None,
    rate: int = 16000,
    count: int = 8,
) -> None:
    """Draws `count` poses at equal distances in time, the face and hand curves under them.

    Args:
        path: the PNG file.
        motion: at least one frame.
        skeleton: has all the motion's joints.
        audio: (n,) mono from the start of the utterance; drawn where given.
        rate: its samples a second.
        count: how many poses, at least one.

    Raises:
        InputError: no frames, no pose, a joint that the skeleton lacks, or a path that cannot be
            written.
    """
    if len(motion) == 0:
        raise InputError(f'cannot draw {path}: the motion has no frames')
    if count < 1:
        raise InputError(f'cannot draw {path}: count is {count}, must be at least 1')
    count = min(count, len(motion))
    # The middles of equal stretches: the first pose is one of the talking, not the start.
    frames = ((np.arange(count) + 0.5) * len(motion) / count).astype(np.int64)
    curves = motion_curves(motion, skeleton)
    panels = len(curves) + (audio is not None)
    positions, turned = joint_frames(skeleton, motion.joint_names, motion.rotations[frames])
    span_m = max(1.0, 1.15 * float(np.ptp(positions[..., 0])))
    top_m = max(1.8, float(positions[..., 1].max()) + 0.05)
    # Placed in inches, so that the figures are upright and stand above their moments in time.
    left_in, right_in, panel_in, gap_in = 0.45, 0.15, 0.55, 0.35
    across_in = 1.6 * max(count, 4)
    poses_in = across_in / (count * span_m) * (top_m - _BOTTOM_M)
    width_in = left_in + across_in + right_in
    height_in = poses_in + panels * (panel_in + gap_in) + 0.55
    figure = new_figure(width_in, height_in, layout=None)

    def place(bottom_in: float, tall_in: float) -> 'Axes':
        box = (left_in / width_in, bottom_in / height_in, across_in / width_in, tall_in / height_in)
        return figure.add_axes(box)

    poses = place(height_in - 0.05 - poses_in, poses_in)
    _draw_poses(poses, motion, skeleton, frames, positions, turned, span_m)
    poses.set_ylim(_BOTTOM_M, top_m)

    times_s = (motion.start_frame + np.arange(len(motion))) / motion.fps
    for index in range(panels):
        panel = place(0.45 + (panels - 1 - index) * (panel_in + gap_in), panel_in)
        if audio is not None and index == 0:
            draw_waveform(panel, waveform_envelope(audio, rate))
        else:
            draw_curve(panel, curves[index - (audio is not None)], times_s, linewidth=1.0)
        for frame in frames:
            panel.axvline(times_s[frame], color=INK, linewidth=0.6, linestyle=(0, (2, 3)))
        panel.set_xlim(times_s[0], times_s[-1] + 1 / motion.fps)
        panel.tick_params(labelbottom=index == panels - 1)
        if index == panels - 1:
            panel.set_xlabel('time (s)', color=INK, fontsize=9)
    save_png(figure, path)


def _draw_poses(
    axes: 'Axes',
    motion: Motion,
    skeleton: Skeleton,
    frames: np.ndarray,
    positions: Array,
    turned: Array,
    span_m: float,
) -> None:
    ends = bone_ends(skeleton, positions, turned)
    for column, frame in enumerate(frames):
        shift = np.array([column * span_m, 0.0, 0.0])
        _draw_figure(axes, skeleton, positions[column] + shift, ends[column] + shift)
        for joint in (name for name in _HEADS if name in skeleton.names):
            place = skeleton.index(joint)
            _draw_face(
                axes, motion, int(frame), positions[column, place] + shift, turned[column, place]
            )
        time_s = (motion.start_frame + int(frame)) / motion.fps
        axes.text(
            column * span_m, _BOTTOM_M + 0.02, f'{time_s:.1f} s', ha='center', color=INK, fontsize=8
        )
    axes.set_aspect('equal')
    axes.set_xlim(-0.5 * span_m, (len(frames) - 0.5) * span_m)
    axes.axis('off')


def _draw_figure(axes: 'Axes', skeleton: Skeleton, positions: Array, ends: Array) -> None:
    """Bones above the knees: wide for the trunk and arms, thin for the fingers."""
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


def _draw_face(axes: 'Axes', motion: Motion, frame: int, head: Array, orientation: Array) -> None:
    """The head with eyes that blink and a mouth that opens, turned as the head is."""
    weights = dict(zip(motion.weight_names, motion.weights[frame], strict=True))
    opening = float(weights.get('jawOpen', 0.0))
    if 'jaw' in motion.joint_names:
        opening = float(np.clip(motion.rotations[frame, motion.joint_names.index('jaw'), 0], 0, 1))

    def oval(centre: Array, half_width: float, half_height: float) -> Array:
        angle = np.linspace(0, 2 * np.pi, 40)
        local = np.stack(
            [half_width * np.cos(angle), half_height * np.sin(angle), np.zeros(40)], axis=-1
        )
        return head + (local + centre) @ orientation.T

    outline = oval(_HEAD_CENTRE, *_HEAD_SIZE)
    axes.fill(outline[:, 0], outline[:, 1], facecolor='white', edgecolor=INK, lw=1.4, zorder=4)
    for x, name in ((0.028, 'eyeBlinkLeft'), (-0.028, 'eyeBlinkRight')):
        closed = float(np.clip(weights.get(name, 0.0), 0, 1))
        eye = oval(np.array([x, 0.068, _FACE_DEPTH]), 0.011, 0.002 + 0.011 * (1 - closed))
        axes.fill(eye[:, 0], eye[:, 1], color=BLINK, lw=0, zorder=5)
    mouth = oval(
        np.array([0.0, 0.005 - 0.01 * opening, _FACE_DEPTH]), 0.026, 0.003 + 0.035 * opening
    )
    axes.fill(mouth[:, 0], mouth[:, 1], color=MOUTH, lw=0, zorder=5)
