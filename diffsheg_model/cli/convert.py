"""``diffsheg convert``: a bundle from an official checkpoint."""

import logging
from pathlib import Path
from typing import Literal

from diffsheg_model.cli.options import Output

EXAMPLE = 'diffsheg convert --checkpoint fgd_best.tar --stats stats/ --format beat -o bundle/'

logger = logging.getLogger(__name__)


def convert(
    checkpoint: Path,
    stats: Path,
    format: Literal['beat', 'show'],  # noqa: A002 (the option's name)
    output: Output,
    fps: float = 15.0,
) -> None:
    """Make a bundle from an official DiffSHEG checkpoint.

    The name and shape of every parameter are checked. If one does not fit, the error lists it and
    nothing is written. Needs torch (requirements/train.txt). Running the bundle does not.

    Args:
        checkpoint: the authors' file, a torch save with the state dict under 'encoder'.
        stats: folder with axis_angle_mean.npy, axis_angle_std.npy, json_mean.npy and json_std.npy
            (beat) or talkshow_mean_std.npy (show).
        format: dataset that the checkpoint was trained on.
        output: folder for the bundle.
        fps: frame rate of the model's motion.
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
