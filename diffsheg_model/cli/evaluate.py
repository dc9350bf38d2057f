"""``diffsheg evaluate``: how near a bundle's motion is to captured motion."""

import importlib.util
import logging
from pathlib import Path

from diffsheg_model.advice import install_advice
from diffsheg_model.cli import Output, Sampler
from diffsheg_model.cli.progress import frames_progress
from diffsheg_model.engines.registry import EngineName, Precision
from diffsheg_model.errors import InputError
from diffsheg_model.session.sampler_options import SamplerOptions

EXAMPLE = 'diffsheg evaluate --data shards/ -o report/ --autoencoder autoencoders/gesture --seeds 4'

logger = logging.getLogger(__name__)


def evaluate(
    data: Path,
    output: Output,
    bundle: Path | None = None,
    autoencoder: list[Path] = [],  # noqa: B006 (only read)
    seeds: int = 1,
    max_takes: int = 0,
    max_seconds: float = 0.0,
    speaker: int | None = None,
    strict: bool = False,
    engine: EngineName = 'auto',
    precision: Precision = 'auto',
    threads: int = 0,
    speech_encoder: Path | None = None,
    sampler: Sampler = SamplerOptions(),  # noqa: B008 (frozen)
) -> None:
    """Generates motion for recordings and measures it against the captured motion.

    Prints a table and writes report.html (with pictures, one file, no network) and metrics.json
    into OUTPUT. Frechet distances need auto-encoders, from `diffsheg train-autoencoder`; two
    reports' distances compare only where the auto-encoder's id is the same. Needs librosa, and
    torch where auto-encoders are given (requirements/train.txt).

    Args:
        data: folder of shards with audio.wav in every take: recordings not trained on.
        output: folder to write into.
        bundle: the model's folder; the one that comes with the package unless given.
        autoencoder: folders of auto-encoders, at most one for each of FMD, FGD and FED.
        seeds: motions a recording; figures are their mean and deviation.
        max_takes: so many takes, spread evenly over the folder; 0 for all.
        max_seconds: only the beginning of each take; 0 for all of it.
        speaker: whose style to generate; each take's own unless given.
        strict: whether too few windows for a Frechet distance are an error.
        engine: what runs the network; auto takes the fastest that is installed and works here.
        precision: of the network's arithmetic; auto is fp32, and not every engine has the others.
        threads: CPU threads; 0 is all cores but one.
        speech_encoder: folder of the exported speech encoder, for bundles that use one.
        sampler: settings of the sampler; the bundle's unless given.
    """
    from rich.console import Console

    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.engines import create_engine
    from diffsheg_model.evaluation.evaluate import evaluate_bundle
    from diffsheg_model.evaluation.feature_distances import open_autoencoders
    from diffsheg_model.evaluation.report import as_html, as_json, as_table, describe
    from diffsheg_model.evaluation.takes import open_takes
    from diffsheg_model.features.speech_encoder import create_speech_encoder
    from diffsheg_model.files.atomic import atomic_path, check_folder_writable
    from diffsheg_model.session.sampler_options import with_sampler

    # All that can be refused is refused before the work.
    if importlib.util.find_spec('librosa') is None:
        raise InputError(
            f'evaluation needs librosa, which is not installed: {install_advice("train")}'
        )
    check_folder_writable(output)
    model = with_sampler(load_bundle(DEFAULT_BUNDLE if bundle is None else bundle), sampler)
    encoders = open_autoencoders(autoencoder, model.config.format)
    takes = open_takes(data, model, max_takes, max_seconds, speaker)
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
    description = describe(model, network, takes, encoders, seeds)
    # A table that is cut is of no use, whatever the terminal's width.
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
