"""``diffsheg export``: a motion file in another format."""

import logging
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from diffsheg_model.cli.options import Output
from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg export out/motion.npz -o avatar.glb'

Format = Literal['bvh', 'csv', 'livelink-csv', 'json', 'npz', 'mcap', 'glb']

logger = logging.getLogger(__name__)


def export(
    motion: Path,
    output: Output,
    *,
    format_: Annotated[Format | None, Parameter(name='--format')] = None,
    audio: Path | None = None,
    fps: float | None = None,
    bundle: Path | None = None,
) -> None:
    """Write a motion file in another format.

    Reads .npz, .mcap, .bvh (the body), .csv and .json (the face). Writes .bvh for Blender and
    Maya; .glb, the avatar with the motion, for Blender and three.js; .csv with a column for
    each weight, or with --format livelink-csv the table of Live Link Face; .json in BEAT's layout;
    .mcap for Foxglove and ros2 bag; .npz without loss.

    Args:
        motion: the motion file.
        output: the file to write.
        format_: format of the output. Default: the one of its suffix.
        audio: recording to include in an .mcap.
        fps: frame rate of the motion file, instead of the rate that the file gives.
        bundle: model that gives the skeleton for .bvh. Default: the skeleton of BEAT or SMPL-X,
            by the names of the joints.
    """
    from diffsheg_model.audio.sound_file import read_audio
    from diffsheg_model.motion_files.read import read_motion_and_sound, skeleton_for
    from diffsheg_model.motion_files.write import MotionContent, format_of, write_motion

    format_name = format_of(output, format_)
    if audio is not None and format_name != 'mcap':
        raise InputError(f'--audio: {format_name} holds no sound; leave it out, or write an .mcap')
    moving, samples, rate = read_motion_and_sound(motion, fps)
    if audio is not None:
        samples, rate = read_audio(audio)
    content = MotionContent(moving, skeleton_for(motion, moving.joint_names, bundle), samples, rate)
    write_motion(output, content, format_name)
    logger.info('%d frames (%.1f s) of %s', len(moving), moving.duration_s, motion)
    logger.info('%s', output)
