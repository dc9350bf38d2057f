"""``diffsheg train-autoencoder``: the features of a Frechet distance, learnt from shards."""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from diffsheg_model.cli.options import Output

if TYPE_CHECKING:
    from diffsheg_model.evaluation.frechet.autoencoder import Autoencoder

EXAMPLE = 'diffsheg train-autoencoder --data shards/ --channels gesture -o autoencoders/gesture'

logger = logging.getLogger(__name__)


def train_autoencoder(
    data: list[Path],
    output: Output,
    channels: Literal['gesture', 'expression', 'all'],
    max_minutes: float = 10.0,
    max_steps: int = 20000,
    window_frames: int = 34,
    stride: int = 10,
    latent_dim: int = 32,
    hidden_dim: int = 64,
    batch_size: int = 128,
    learning_rate: float = 5e-4,
    seed: int = 0,
) -> None:
    """Train the auto-encoder behind a Frechet distance, for `diffsheg evaluate`.

    Distances compare only if they come from the same auto-encoder. Its record (autoencoder.json)
    lists how it was made, and reports print its id. Needs torch and lightning
    (requirements/train.txt).

    Args:
        data: folders of shards, written by `diffsheg prepare` and `diffsheg corpus`.
        output: folder for the auto-encoder.
        channels: channels of motion: gesture for FGD, expression for FED, all for FMD.
        max_minutes: largest training time in minutes. 0 is no limit.
        max_steps: largest number of steps.
        window_frames: frames of a window. The published value is 34.
        stride: frames between the starts of windows.
        latent_dim: width of the features. A distance needs more windows than this.
        hidden_dim: channels of the convolutions.
        batch_size: windows in a step.
        learning_rate: learning rate of Adam.
        seed: seed of the weights, the order of windows and the choice of held-out takes.
    """
    from diffsheg_model.evaluation.frechet.autoencoder import RECORD
    from diffsheg_model.evaluation.frechet.training import AutoencoderOptions, train_autoencoder
    from diffsheg_model.files.atomic import check_folder_writable, check_replaceable

    check_folder_writable(output)
    check_replaceable(output, RECORD)
    options = AutoencoderOptions(
        channels=channels,
        window_frames=window_frames,
        stride=stride,
        latent_dim=latent_dim,
        hidden_dim=hidden_dim,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_steps=max_steps,
        max_minutes=max_minutes,
        seed=seed,
        progress_bar=sys.stderr.isatty(),
    )
    _log_summary(output, train_autoencoder(data, output, options))


def _log_summary(output: Path, trained: 'Autoencoder') -> None:
    protocol = trained.protocol
    logger.info(
        '%s: auto-encoder %s (%s), %d windows, %d steps in %.1f min; it leaves %.1f %% of the '
        'held-out motion unexplained',
        output,
        trained.id,
        protocol.distance,
        protocol.windows,
        protocol.steps,
        protocol.minutes,
        100 * protocol.unexplained,
    )
