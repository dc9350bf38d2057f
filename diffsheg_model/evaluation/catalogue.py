"""Catalogue of the report's figures: title, unit, better direction and source of each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Description of one figure.

    Attributes:
        title: title in tables.
        unit: unit; '' for a dimensionless number.
        better: 'low', 'high', 'real' (close to the captured motion's), 'one' or '' for neither.
        group: heading in tables.
        about: definition and source, one line.
    """

    title: str
    unit: str
    better: str
    group: str
    about: str


_FRECHET = 'Frechet distances'
_FACE = 'Face'
_GESTURE = 'Gesture'
_SMOOTH = 'Smoothness and speed'

CATALOGUE = {
    'FMD': Entry(
        'FMD (all channels)',
        '',
        'low',
        _FRECHET,
        'Frechet distance of features of all channels (arXiv 2401.04747, section 4). Captured: '
        'distance between the first and second halves of the captured takes.',
    ),
    'FGD': Entry(
        'FGD (gesture)',
        '',
        'low',
        _FRECHET,
        'The same of the gesture channels (Yoon et al. 2020, arXiv 2009.02119, section 5.2).',
    ),
    'FED': Entry(
        'FED (expression)',
        '',
        'low',
        _FRECHET,
        'The same of the expression channels (arXiv 2401.04747, section 4).',
    ),
    'diversity': Entry(
        'diversity (features)',
        '',
        'real',
        _FRECHET,
        'Mean L1 distance between the features of two windows (arXiv 2401.04747, section 4), '
        'of all channels, else of the gesture, else of the expression.',
    ),
    'jaw_r': Entry(
        'mouth opening r',
        '',
        'high',
        _FACE,
        "Pearson's r of generated and captured mouth opening (jawOpen, or the jaw's angle).",
    ),
    'rounding_r': Entry(
        'lip rounding r',
        '',
        'high',
        _FACE,
        "Pearson's r of generated and captured mouthFunnel + mouthPucker.",
    ),
    'lip_closure': Entry(
        'lip closure',
        '',
        'high',
        _FACE,
        'Of the speech frames with the captured opening in its lowest tenth, the share with the '
        'generated opening in its lowest third; chance is 0.33.',
    ),
    'jaw_energy_r': Entry(
        'mouth opening / loudness r',
        '',
        'real',
        _FACE,
        "Pearson's r of mouth opening and short-time energy (100 ms).",
    ),
    'pause_opening': Entry(
        'opening in pauses',
        '',
        'real',
        _FACE,
        'Mean mouth opening in pauses over that in speech.',
    ),
    'face_l1': Entry(
        'face L1',
        '',
        'low',
        _FACE,
        'Mean absolute difference of the captured expression channels (weights; FLAME and jaw).',
    ),
    'face_mse': Entry(
        'face MSE', '', 'low', _FACE, 'Mean square difference of the captured expression channels.'
    ),
    'face_diversity': Entry(
        'face L1 diversity',
        '',
        'real',
        _FACE,
        "Mean L1 distance of the frames from the motion's mean face (BEAT release, L1div).",
    ),
    'blinks_per_minute': Entry(
        'blinks', '/min', 'real', _FACE, 'Times a minute that the eyes close to half.'
    ),
    'longest_shut_s': Entry(
        'eyes shut at most', 's', 'low', _FACE, 'Longest time with both eyes at least half shut.'
    ),
    'beat_alignment': Entry(
        'beat alignment',
        '',
        'high',
        _GESTURE,
        'Mean over audio onsets of exp(-d^2 / (2 sigma^2)), d the distance to the nearest minimum '
        'of wrist speed, sigma 0.3 s (BEAT, arXiv 2203.05297, section 5); mean of both wrists.',
    ),
    'stroke_alignment': Entry(
        'stroke alignment',
        '',
        'high',
        _GESTURE,
        'The same of strokes (peaks of wrist speed) and the stronger half of the onsets, sigma '
        '0.1 s.',
    ),
    'gesture_diversity': Entry(
        'gesture L1 diversity',
        'rad',
        'real',
        _GESTURE,
        "Mean L1 distance of the frames from the motion's mean pose (BEAT release, L1div).",
    ),
    'seed_difference': Entry(
        'difference of seeds',
        'cm',
        '',
        _GESTURE,
        'Mean distance of the wrists between the motions of two seeds for one recording.',
    ),
    'pck': Entry(
        'PCK (10 cm)',
        '',
        'high',
        _GESTURE,
        'Share of joints nearer than 10 cm to the captured ones, on one skeleton (Ginosar et al., '
        'arXiv 1906.04160, section 5.2).',
    ),
    'pcm': Entry(
        'PCM (0.1)',
        '',
        'high',
        _GESTURE,
        'Share of captured channels (rad, weights) nearer than 0.1 (arXiv 2401.04747, section 4).',
    ),
    'srgr': Entry(
        'SRGR',
        '',
        'high',
        _GESTURE,
        'Share of joints within 0.1 rad (L1), frames weighted by semantic score over 0.165 (BEAT, '
        'arXiv 2203.05297, section 5); only where takes have such scores.',
    ),
    'joints_outside': Entry(
        'beyond human joints',
        '',
        'low',
        _GESTURE,
        'Share of frames with a joint outside human ranges plus 10 degrees (Norkin and White).',
    ),
    'wrist_speed': Entry('wrist speed', 'm/s', 'real', _SMOOTH, 'Median speed of both wrists.'),
    'speed_ratio': Entry(
        'wrist speed / captured', '', 'one', _SMOOTH, 'Mean over takes of the ratio of medians.'
    ),
    'wrist_jerk': Entry(
        'wrist jerk', 'm/s^3', 'real', _SMOOTH, 'Mean jerk of both wrists (GENEA 2023).'
    ),
    'jerk_ratio': Entry(
        'wrist jerk / captured', '', 'one', _SMOOTH, 'Mean over takes of the ratio of means.'
    ),
    'gesture_seams': Entry(
        'seams, gesture',
        '',
        'one',
        _SMOOTH,
        'Frame differences at the seams of windows over those inside windows; 1 shows no seam. '
        'Captured: at the same places, as a control.',
    ),
    'face_seams': Entry('seams, face', '', 'one', _SMOOTH, 'The same of the expression.'),
    'real_time': Entry(
        'times real time',
        '',
        'high',
        'Speed',
        'Seconds of audio over seconds of computing, features included, on this machine.',
    ),
    'real_time_cpu': Entry(
        'times real time, one core',
        '',
        'high',
        'Speed',
        'Seconds of audio over CPU time used, all threads summed: other programs on the machine '
        'hardly change it.',
    ),
}
"""Figures by name, in the order of the table."""
