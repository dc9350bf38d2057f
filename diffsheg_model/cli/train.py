"""``diffsheg train``: a bundle from shards."""

import dataclasses
import logging
from pathlib import Path

from diffsheg_model.cli.options import Output

EXAMPLE = 'diffsheg train --preset compact --data shards/ -o runs/first --max-minutes 40'

logger = logging.getLogger(__name__)


def train(
    data: list[str],
    output: Output,
    preset: str = 'compact',
    config: Path | None = None,
    set: list[str] = [],  # noqa: A002, B006 (the option's name; only read)
    val_data: list[str] = [],  # noqa: B006 (only read)
    max_minutes: float | None = None,
    resume: bool = False,
    init_from: Path | None = None,
    speech_encoder: Path | None = None,
) -> None:
    """Train a model on prepared shards and write it as a bundle.

    Writes settings.yaml, checkpoints/, tensorboard/ and, at the end, bundle/ into OUTPUT. --resume
    continues a stopped run. --init-from BUNDLE adds a speaker to a finished model. Needs torch and
    lightning (requirements/train.txt).

    Args:
        data: folders of shards, written by `diffsheg prepare` and `diffsheg corpus`. For several,
            DIR:WEIGHT sets a folder's share of the training windows.
        output: folder for the run.
        preset: compact (the bundled model), beat or show (the published models).
        config: YAML file with any part of a preset. Its values replace the preset's.
        set: single value as section.field=value, such as optimiser.learning_rate=1e-3. Replaces
            the preset's and the file's.
        val_data: folders of shards for validation during training.
        max_minutes: training time in minutes. The learning rate falls towards that end.
        resume: continue from the newest checkpoint in OUTPUT.
        init_from: bundle to start from. Its network, features and statistics are kept.
        speech_encoder: folder written by `diffsheg export-speech`, for models with a speech
            encoder. The bundle gets a copy. Default: the encoder of --init-from, or else the one
            in the default folder of export-speech, which is not copied.
    """
    from diffsheg_model.training.settings_file import load_settings
    from diffsheg_model.training.train import train_model
    from diffsheg_model.training.windows import DataRoot

    settings = load_settings(preset, config, set)
    if max_minutes is not None:
        run = dataclasses.replace(settings.run, max_minutes=max_minutes)
        settings = dataclasses.replace(settings, run=run)
    bundle = train_model(
        settings,
        [DataRoot.parse(text) for text in data],
        output,
        [DataRoot.parse(text) for text in val_data],
        resume,
        init_from,
        speech_encoder,
    )
    logger.info('%s: try it with `diffsheg generate speech.wav --bundle %s`', bundle, bundle)
