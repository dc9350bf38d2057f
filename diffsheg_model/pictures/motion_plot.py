"""Plot of a motion: poses, the audio as waveform and spectrogram, and curves."""

import os
from typing import TYPE_CHECKING

import numpy as np

from diffsheg_model.motion.avatar_rig import head_turn
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.pictures.curves import (
    BLINK,
    GREY,
    INK,
    LEFT,
    MOUTH,
    RIGHT,
    Curve,
    clean,
    draw_waveform,
    mouth_and_blink,
    waveform_envelope,
    wrist_speed,
    wrists_of,
)
from diffsheg_model.pictures.pose_strip import (
    PANEL_IN,
    Panel,
    curve_panels,
    plot_poses_above,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SPECTROGRAM_IN = 1.0
_HIGHEST_HZ = 8000.0
_WINDOW_S = 0.025
_HOP_S = 0.005
#: Columns of the spectrogram; a picture shows no more of a long recording.
_MOST_COLUMNS = 2400
_FLOOR_DB = -70.0

#: Titles, then label, colour and the weights to average of each line.
_MEAN_WEIGHTS = (
    (
        'lips (0–1)',
        ('rounded', MOUTH, ('mouthFunnel', 'mouthPucker')),
        ('smiling', LEFT, ('mouthSmileLeft', 'mouthSmileRight')),
        ('stretched', GREY, ('mouthStretchLeft', 'mouthStretchRight')),
    ),
    (
        'brows (0–1)',
        ('raised', BLINK, ('browInnerUp', 'browOuterUpLeft', 'browOuterUpRight')),
        ('lowered', INK, ('browDownLeft', 'browDownRight')),
    ),
)


def plot_motion(
    path: str | os.PathLike[str],
    motion: Motion,
    skeleton: Skeleton,
    audio: np.ndarray,
    rate: int,
    count: int = 8,
) -> None:
    """Draw poses, audio and curves of a motion over one time axis, as a PNG.

    Args:
        path: the file.
        motion: at least one frame; face, body or both.
        skeleton: skeleton with all joints of the motion.
        audio: (n,) mono, -1..1, from the start of the utterance; (0,) leaves its panels out.
        rate: sample rate, Hz.
        count: number of poses, at least one.

    Raises:
        InputError: no frames, no pose, a joint that the skeleton lacks, or a path that cannot be
            written.
    """
    panels = []
    if len(audio):
        envelope = waveform_envelope(audio, rate)
        panels.append(Panel(PANEL_IN, lambda axes: draw_waveform(axes, envelope)))
        panels.append(Panel(_SPECTROGRAM_IN, lambda axes: _draw_spectrogram(axes, audio, rate)))
    curves = [
        *mouth_and_blink(motion),
        *_lips_and_brows(motion),
        *wrist_speed(motion, skeleton),
        *_wrist_height(motion, skeleton),
        *_head(motion),
    ]
    plot_poses_above(path, motion, skeleton, [*panels, *curve_panels(curves, motion)], count)


def spectrogram_db(audio: np.ndarray, rate: int) -> tuple[Array, float, float]:
    """Return the short-time spectrum below 8 kHz, in decibels relative to its peak.

    Args:
        audio: (n,) at least one sample; NaN counts as silence.
        rate: sample rate, Hz.

    Returns:
        Decibels (B, C), -70..0, of B bands and C times; the width of a band in Hz; the interval of
        the times in seconds.
    """
    samples = np.nan_to_num(np.asarray(audio, dtype=np.float64))
    width = max(8, round(_WINDOW_S * rate))
    hop = max(1, round(_HOP_S * rate), -(-len(samples) // _MOST_COLUMNS))
    around = np.pad(samples, (width // 2, width))
    windows = np.lib.stride_tricks.sliding_window_view(around, width)[: len(samples) : hop]
    magnitude = np.abs(np.fft.rfft(windows * np.hanning(width), axis=1)).T
    band_hz = rate / width
    magnitude = magnitude[: int(_HIGHEST_HZ / band_hz) + 1]
    peak = max(float(magnitude.max()), 1e-9)
    decibels = 20 * np.log10(np.maximum(magnitude / peak, 10 ** (_FLOOR_DB / 20)))
    return decibels, band_hz, hop / rate


def _draw_spectrogram(axes: 'Axes', audio: np.ndarray, rate: int) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    decibels, band_hz, step_s = spectrogram_db(audio, rate)
    colours = LinearSegmentedColormap.from_list('ink', ['white', '#dbe7ec', BLINK, INK, '#101820'])
    bands, columns = decibels.shape
    axes.imshow(
        decibels,
        origin='lower',
        aspect='auto',
        extent=(-step_s / 2, (columns - 0.5) * step_s, 0.0, bands * band_hz / 1000),
        cmap=colours,
        vmin=_FLOOR_DB,
        vmax=0.0,
        interpolation='bilinear',
    )
    clean(axes, 'spectrum (kHz; white is 70 dB below the peak)')
    axes.grid(visible=False)


def _lips_and_brows(motion: Motion) -> list[Curve]:
    weights = {name: motion.weights[:, i] for i, name in enumerate(motion.weight_names)}
    curves = []
    for title, *lines in _MEAN_WEIGHTS:
        there = tuple(
            (label, colour, np.mean([weights[name].astype(np.float64) for name in names], axis=0))
            for label, colour, names in lines
            if all(name in weights for name in names)
        )
        if there:
            curves.append(Curve(title, there, 0.3))
    return curves


def _wrist_height(motion: Motion, skeleton: Skeleton) -> list[Curve]:
    hands = wrists_of(motion, skeleton)
    if hands is None:
        return []
    lines = (('left', LEFT, hands[:, 0, 1]), ('right', RIGHT, hands[:, 1, 1]))
    return [Curve('wrists above the hips (m)', lines, 0.4)]


def _head(motion: Motion) -> list[Curve]:
    turned = head_turn(motion)
    if turned is None:
        return []
    angles = np.rad2deg(turned.as_euler('YXZ'))
    lines = (
        ('turned left', BLINK, angles[:, 0]),
        ('nodded down', INK, angles[:, 1]),
        ('tilted right', GREY, angles[:, 2]),
    )
    return [Curve('head against the trunk (°)', lines, 10.0)]
