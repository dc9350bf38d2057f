"""``diffsheg train-autoencoder``: shards become the features of a Frechet distance."""

import logging
import sys
from pathlib import Path
from typing import Literal

from diffsheg_model.cli import Output

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
    """Trains the auto-encoder behind a Frechet distance, for `diffsheg evaluate`.

    Its channels say which: gesture for FGD, expression for FED, all for FMD. Distances compare
    only where the auto-encoder is the same: its record (autoencoder.json) says how it was made,
    and reports print its id. Needs torch and lightning (requirements/train.txt).

    Args:
        data: folders of shards, as `diffsheg prepare` and `diffsheg corpus` write them.
        output: folder to write.
        channels: what it sees.
        max_minutes: stop after so many minutes; 0 for no limit.
        max_steps: or after so many steps.
        window_frames: frames of a window; published 34.
        stride: frames between the starts of windows.
        latent_dim: width of the features; a distance needs more windows than this.
        hidden_dim: channels of the convolutions.
        batch_size: windows a step.
        learning_rate: of Adam.
        seed: of weights, order and held-out takes.
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
    trained = train_autoencoder(data, output, options)
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
