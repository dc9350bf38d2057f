"""``diffsheg convert``: an official checkpoint becomes a bundle."""

import logging
from pathlib import Path
from typing import Literal

from diffsheg_model.cli import Output

EXAMPLE = 'diffsheg convert --checkpoint fgd_best.tar --stats stats/ --format beat -o bundle/'

logger = logging.getLogger(__name__)


def convert(
    checkpoint: Path,
    stats: Path,
    format: Literal['beat', 'show'],  # noqa: A002 (the option's name)
    output: Output,
    fps: float = 15.0,
) -> None:
    """Makes a bundle from an official DiffSHEG checkpoint.

    Every parameter's name and shape is checked; what does not fit is listed and nothing is
    written. Needs torch (requirements/train.txt); running the bundle does not.

    Args:
        checkpoint: the authors' file, a torch save with the state dict under 'encoder'.
        stats: folder with axis_angle_mean.npy, axis_angle_std.npy, json_mean.npy and json_std.npy
            (beat) or talkshow_mean_std.npy (show).
        format: the dataset that the checkpoint was trained on.
        output: bundle folder to write.
        fps: motion frames a second that the model makes.
    """
    from diffsheg_model.network.official_checkpoint import convert_checkpoint

    bundle = convert_checkpoint(checkpoint, stats, format, output, fps)
    network = bundle.config.network
    logger.info(
        '%s: %s, latent %d, %d layers, %d speakers, %g fps, speech features: %s',
        output,
        format,
        network.latent_dim,
        network.num_layers,
        network.num_speakers,
        fps,
        bundle.config.features.speech_encoder,
    )
