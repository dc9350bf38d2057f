"""``diffsheg export``: a motion file becomes one of another kind."""

import logging
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from diffsheg_model.cli import Output
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
    """Writes a motion file as a file of another kind.

    Reads .npz, .mcap, .bvh (the body), .csv and .json (the face). Writes .bvh for Blender and
    Maya; .glb, the avatar with the motion on it, for Blender and three.js; .csv, a column for
    each weight, or with --format livelink-csv the table of Live Link Face; .json as BEAT has it;
    .mcap for Foxglove and ros2 bag; .npz without loss.

    Args:
        motion: the motion file.
        output: the file to write.
        format_: of the output; by its suffix unless given.
        audio: the recording to put into an .mcap.
        fps: frames a second of the motion file, instead of what it says.
        bundle: the model whose skeleton .bvh files get; BEAT's or SMPL-X's, whichever the joints
            belong to, unless given.
    """
    from diffsheg_model.audio.sound_file import read_audio
    from diffsheg_model.motion_files.read import read_motion_and_sound, skeleton_for
    from diffsheg_model.motion_files.write import MotionContent, format_of, write_motion

    kind = format_of(output, format_)
    if audio is not None and kind != 'mcap':
        raise InputError(f'--audio: {kind} holds no sound; leave it out, or write an .mcap')
    moving, samples, rate = read_motion_and_sound(motion, fps)
    if audio is not None:
        samples, rate = read_audio(audio)
    content = MotionContent(moving, skeleton_for(motion, moving.joint_names, bundle), samples, rate)
    write_motion(output, content, kind)
    logger.info('%d frames (%.1f s) of %s', len(moving), moving.duration_s, motion)
    logger.info('%s', output)
