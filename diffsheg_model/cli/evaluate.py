"""``diffsheg evaluate``: measures of a bundle's motion against captured motion."""

import importlib.util
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from diffsheg_model.advice import install_advice
from diffsheg_model.cli.options import (
    BundleOption,
    EngineOption,
    Output,
    PrecisionOption,
    Sampler,
    ThreadsOption,
)
from diffsheg_model.cli.progress import frames_progress
from diffsheg_model.errors import InputError
from diffsheg_model.session.sampler_options import SamplerOptions

if TYPE_CHECKING:
    from diffsheg_model.bundle import Bundle
    from diffsheg_model.evaluation.evaluate import Evaluation
    from diffsheg_model.evaluation.takes import EvaluationData

EXAMPLE = 'diffsheg evaluate --data shards/ -o report/ --autoencoder autoencoders/gesture --seeds 4'

logger = logging.getLogger(__name__)


def evaluate(
    data: Path,
    output: Output,
    bundle: BundleOption = None,
    autoencoder: list[Path] = [],  # noqa: B006 (only read)
    seeds: int = 1,
    max_takes: int = 0,
    max_seconds: float = 0.0,
    style: Annotated[int | None, Parameter(name=('--style', '--speaker'))] = None,
    strict: bool = False,
    engine: EngineOption = 'auto',
    precision: PrecisionOption = 'auto',
    threads: ThreadsOption = 0,
    speech_encoder: Path | None = None,
    sampler: Sampler = SamplerOptions(),  # noqa: B008 (frozen)
) -> None:
    """Generate motion for recordings and measure it against the captured motion.

    Prints a table and writes report.html (one file with pictures) and metrics.json. Frechet
    distances need auto-encoders, from `diffsheg train-autoencoder`. Distances of two reports
    compare only if the auto-encoders have the same id. Needs librosa, and torch for auto-encoders
    (requirements/train.txt).

    Args:
        data: folder of shards that were not trained on, with audio.wav in every take.
        output: folder for the report.
        autoencoder: folders of auto-encoders, at most one for each of FMD, FGD and FED.
        seeds: motions for each recording. The table has their mean and deviation.
        max_takes: number of takes, spread evenly over the folder. 0 is all.
        max_seconds: seconds of each take, from its beginning. 0 is all.
        style: style of the generated motion, by its index in the bundle. Default: the take's own.
        strict: stop with an error if there are too few windows for a Frechet distance.
        speech_encoder: folder of the exported speech encoder, for bundles that use one.
        sampler: settings of the sampler. Default: the bundle's.
    """
    # Long because the signature and its help are the command's interface.
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.engines import create_engine
    from diffsheg_model.evaluation.evaluate import evaluate_bundle
    from diffsheg_model.evaluation.feature_distances import open_autoencoders
    from diffsheg_model.evaluation.report import describe
    from diffsheg_model.evaluation.takes import open_takes
    from diffsheg_model.features.speech_encoder import create_speech_encoder
    from diffsheg_model.files.atomic import check_folder_writable
    from diffsheg_model.session.sampler_options import with_sampler

    # Every input is checked before the long work begins.
    if importlib.util.find_spec('librosa') is None:
        raise InputError(
            f'evaluation needs librosa, which is not installed: {install_advice("train")}'
        )
    check_folder_writable(output)
    model = with_sampler(load_bundle(bundle or DEFAULT_BUNDLE), sampler)
    encoders = open_autoencoders(autoencoder, model.config.format)
    takes = open_takes(data, model, max_takes, max_seconds, style)
    speech = create_speech_encoder(model, speech_encoder, threads)
    network = create_engine(engine, model, threads, precision=precision)
    try:
        with frames_progress(seeds * takes.frames) as update:
            evaluation = evaluate_bundle(
                model,
                network,
                takes,
                seeds=seeds,
                speech_encoder=speech,
                autoencoders=encoders,
                strict=strict,
                on_frames=update,
            )
    finally:
        network.close()
    _report(output, evaluation, describe(model, network, takes, encoders, seeds), model, takes)


def _report(
    output: Path,
    evaluation: 'Evaluation',
    description: dict[str, Any],
    model: 'Bundle',
    takes: 'EvaluationData',
) -> None:
    """Print the table and the notes, and write the two files of the report."""
    from rich.console import Console

    from diffsheg_model.evaluation.report import as_html, as_json, as_table
    from diffsheg_model.files.atomic import atomic_path

    # At least wide enough for every column: rich cuts a table to the terminal's width.
    console = Console(width=max(110, Console().width))
    console.print(as_table(evaluation, description))
    for note in evaluation.notes:
        logger.warning('%s', note)
    contents = {
        'report.html': as_html(evaluation, description, model, takes),
        'metrics.json': as_json(evaluation, description),
    }
    for name, text in contents.items():
        with atomic_path(output / name) as path:
            path.write_text(text, encoding='utf-8')
        logger.info('%s', output / name)
