"""``diffsheg train``: shards become a bundle."""

import dataclasses
import logging
from pathlib import Path

from diffsheg_model.cli import Output

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
    """Trains a model on prepared shards and writes it as a bundle.

    OUTPUT gets settings.yaml, checkpoints/, tensorboard/ and, at the end, bundle/. A run that was
    stopped goes on with --resume. A new speaker on top of a finished model: --init-from
    BUNDLE. Needs torch and lightning (requirements/train.txt).

    Args:
        data: folders of shards, as `diffsheg prepare` and `diffsheg corpus` write them. With
            several, DIR:WEIGHT sets each one's share of the windows drawn.
        output: folder of the run.
        preset: compact (the bundled default), beat or show (as published).
        config: YAML file laid out like a preset, with any part of it, over the preset.
        set: single fields over both, section.field=value, such as optimiser.learning_rate=1e-3.
        val_data: folders of shards to measure on while training.
        max_minutes: stop after so many minutes; the rate of learning falls towards that end.
        resume: go on from the newest checkpoint in OUTPUT.
        init_from: bundle to begin from; its network, features and statistics are kept.
        speech_encoder: folder that `diffsheg export-speech` wrote, for models that hear through
            an encoder; the bundle gets a copy. Without it, that of --init-from is used, or the one
            that export-speech writes by default, which is not copied.
    """
    from diffsheg_model.training.train import load_settings, train_model
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
