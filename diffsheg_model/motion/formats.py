"""The two published motion formats: the channels of a model and their order.

Sources: BEAT (https://pantomatrix.github.io/BEAT/) and SHOW (https://talkshow.is.tue.mpg.de/) as
used by DiffSHEG (arXiv 2401.04747, section 4.1, and its released code).
"""

from diffsheg_model.motion.motion_format import MotionFormat

_FINGERS = (
    'HandMiddle1 HandMiddle2 HandMiddle3 HandRing HandRing1 HandRing2 HandRing3 '
    'HandPinky HandPinky1 HandPinky2 HandPinky3 HandIndex HandIndex1 HandIndex2 HandIndex3 '
    'HandThumb1 HandThumb2 HandThumb3'
).split()

BEAT_JOINTS = ('Spine', 'Neck', 'Neck1') + tuple(
    side + part
    for side in ('Right', 'Left')
    for part in ('Shoulder', 'Arm', 'ForeArm', 'Hand', *_FINGERS)
)
"""47 joints by their names in a BEAT BVH file."""

ARKIT_WEIGHTS = tuple(
    (
        'browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff '
        'cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft '
        'eyeLookDownRight eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight '
        'eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight '
        'jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight '
        'mouthFrownLeft mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft '
        'mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight '
        'mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft '
        'mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight '
        'noseSneerLeft noseSneerRight'
    ).split()
)
"""51 ARKit blendshapes: Apple's 52 without tongueOut, alphabetical."""

SMPLX_UPPER_JOINTS = tuple(
    (
        'spine1 spine2 spine3 neck left_collar right_collar head left_shoulder right_shoulder '
        'left_elbow right_elbow left_wrist right_wrist'
    ).split()
) + tuple(
    f'{side}_{finger}{segment}'
    for side in ('left', 'right')
    for finger in ('index', 'middle', 'pinky', 'ring', 'thumb')
    for segment in (1, 2, 3)
)
"""43 SMPL-X joints: 13 of the body, then 15 of each hand."""

BEAT = MotionFormat(
    name='beat',
    fps=15.0,
    window_frames=34,
    joint_names=BEAT_JOINTS,
    face_joint_names=(),
    weight_names=ARKIT_WEIGHTS,
    weights_are_unit=True,
)

SHOW = MotionFormat(
    name='show',
    fps=15.0,
    window_frames=88,
    joint_names=SMPLX_UPPER_JOINTS,
    face_joint_names=('jaw',),
    weight_names=tuple(f'flame_expression_{i:03d}' for i in range(100)),
    weights_are_unit=False,
)

FORMATS = {format_.name: format_ for format_ in (BEAT, SHOW)}
