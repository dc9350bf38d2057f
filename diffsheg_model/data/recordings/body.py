"""Reader of the BVH of a take, as the joints of BEAT's format."""

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
    """Return the rotations of the joints of BEAT that a BVH has, and notes.

    Args:
        path: the BVH file.
        sound_s: duration of the take's audio, seconds.
        options: reading options; fps overrides the header.
        every_joint: True to require all 47 joints.

    Raises:
        InputError: unreadable, other joints, or a duration that differs from the audio.
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
