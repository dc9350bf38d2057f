"""``diffsheg plot``: a picture of a motion file."""

import logging
from pathlib import Path

from diffsheg_model.cli.options import OptionalOutput
from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg plot out/motion.npz -o motion.png --audio speech.wav'

logger = logging.getLogger(__name__)

_POSES = (1, 40)


def plot(
    motion: Path,
    output: OptionalOutput = None,
    *,
    audio: Path | None = None,
    poses: int = 8,
    fps: float | None = None,
    bundle: Path | None = None,
) -> None:
    """Draw a motion: poses, waveform, spectrogram, and curves of the face, hands and head.

    Parts that the motion lacks are left out. A motion without a body is drawn as faces.

    Args:
        motion: the motion file (.npz, .mcap, .bvh, .csv, .json).
        output: the picture, .png. Default: the motion file's name with .png, in this folder.
        audio: the recording. Default: the sound in an .mcap.
        poses: number of poses, 1 to 40.
        fps: frame rate of the motion file, instead of the rate that the file gives.
        bundle: model that gives the skeleton of the poses. Default: the skeleton of BEAT or
            SMPL-X, by the names of the joints.
    """
    from diffsheg_model.audio.sound_file import read_audio
    from diffsheg_model.motion_files.read import read_motion_and_sound, skeleton_for
    from diffsheg_model.pictures.motion_plot import plot_motion

    if output is None:
        output = Path(f'{motion.stem}.png')
        if output.exists():
            raise InputError(f'{output} exists already: name the picture with -o')
    if output.suffix.lower() != '.png':
        raise InputError(f'{output}: name a picture that ends in .png')
    if output.is_dir():
        raise InputError(f'cannot write {output}: it is a folder; name a file')
    if not _POSES[0] <= poses <= _POSES[1]:
        raise InputError(f'--poses {poses}: must be from {_POSES[0]} to {_POSES[1]}')
    moving, samples, rate = read_motion_and_sound(motion, fps)
    if audio is not None:
        samples, rate = read_audio(audio)
    skeleton = skeleton_for(motion, moving.joint_names, bundle)
    plot_motion(output, moving, skeleton, samples, rate, poses)
    logger.info('%s', output)
