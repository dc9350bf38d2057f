"""`diffsheg corpus`."""

import logging
import os
from pathlib import Path

from diffsheg_model.cli import Output

EXAMPLE = 'diffsheg corpus -o corpus --hours 1.5 --seed 0 --facegood FACEGOOD/dataset'

logger = logging.getLogger(__name__)


def corpus(
    output: Output,
    hours: float = 1.0,
    seed: int = 0,
    workers: int = 0,
    validation: bool = False,
    facegood: Path | None = None,
    facegood_copies: int = 4,
    exclude: tuple[str, ...] = ('1114_2_05',),
) -> None:
    """Makes training data: synthetic speech with moving bodies, and FACEGOOD's captured lips.

    Sentences are spoken by the voices that this machine has (espeak-ng, flite, festival), put into
    rooms and in front of microphones, and a rule-based teacher moves face and body to them. The
    same seed and voices give the same bytes. Run it again to resume, or with more hours to extend.

    Args:
        output: the folder to write; made if missing.
        hours: of synthetic speech; 0 for FACEGOOD alone.
        seed: whatever is drawn follows from it.
        workers: processes; 0 is one a core.
        validation: makes the validation set: voices that never train, and the excluded takes.
        facegood: folder with FACEGOOD-Audio2Face takes (NAME.wav, NAME.npy and
            blendshape_names.npy).
        facegood_copies: how often each FACEGOOD take is written; the first with its own sound,
            the others with other rooms, microphones and levels.
        exclude: FACEGOOD takes that never train.
    """
    from diffsheg_model.corpus.build import CorpusOptions, build_corpus

    options = CorpusOptions(hours, seed, validation, facegood, facegood_copies, tuple(exclude))
    build_corpus(output, options, workers or os.cpu_count() or 1)
    logger.info('wrote %s', output)
