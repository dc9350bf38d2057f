"""A BVH beside a sound, as the joints of BEAT's format."""

from pathlib import Path

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion_files.bvh import read_bvh
from diffsheg_model.motion_files.clock import frame_times, true_rate
from diffsheg_model.motion_files.track import ReadOptions, Track
from diffsheg_model.untrusted.reading import reader


@reader('the body of a BVH file')
def read_body(
    path: Path, sound_s: float, options: ReadOptions, every_joint: bool
) -> tuple[Track, tuple[str, ...]]:
    """The rotations of those of BEAT's 47 joints that a BVH has, by their names, and notes.

    Args:
        path: of the file.
        sound_s: duration of the sound beside it, seconds.
        options: fps overrules the header.
        every_joint: whether all 47 must be there.

    Raises:
        InputError: unreadable, another set of joints, or another duration than the sound's.
    """
    bvh = read_bvh(path)
    names = tuple(name for name in BEAT.joint_names if name in bvh.joints)
    missing = [name for name in BEAT.joint_names if name not in bvh.joints]
    some = ', '.join(missing[:4]) + (', ..' if len(missing) > 4 else '')
    if missing and (every_joint or not names):
        raise InputError(
            f"{path}: another set of joints: lacks {len(missing)} of BEAT's 47 ({some})"
        )
    notes = []
    if missing:
        notes.append(f'{path.name} lacks {len(missing)} of 47 joints ({some}): they are masked')
    fps = options.fps or bvh.fps
    fps, note = true_rate(bvh.rotations(names), fps, sound_s, options, path.name)
    if note:
        notes.append(note)
    return Track(names, bvh.rotations(names), frame_times(len(bvh.values), fps)), tuple(notes)
