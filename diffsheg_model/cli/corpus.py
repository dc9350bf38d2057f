"""``diffsheg corpus``: training data from synthetic speech and FACEGOOD's captured lips."""

import logging
from pathlib import Path

from diffsheg_model.cli.options import Output

EXAMPLE = 'diffsheg corpus -o corpus --hours 1.5 --facegood FACEGOOD-Audio2Face/takes'

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
    voices: tuple[str, ...] = (),
) -> None:
    """Make training data: synthetic speech with motion, and FACEGOOD's captured lips.

    The speech synthesisers on this machine (espeak-ng, flite, festival) speak random sentences, in
    simulated rooms and through simulated microphones. A rule-based teacher moves face and body. The
    same seed and voices give the same bytes. Run it again to resume, or with more hours to extend
    the data. Train on it with `diffsheg train --data OUTPUT`.

    Args:
        output: folder for the data. It is created if it does not exist.
        hours: hours of synthetic speech, roughly. 0 is FACEGOOD alone.
        seed: seed of all random choices.
        workers: processes. 0 is one for each core.
        validation: make the validation set, from excluded takes and voices kept out of training.
        facegood: folder of FACEGOOD-Audio2Face takes: NAME.wav and NAME.npy pairs, and
            blendshape_names.npy.
        facegood_copies: copies of each FACEGOOD take. The first one sounds as recorded. The others
            have other tempos, rooms and levels.
        exclude: FACEGOOD takes to keep out of training.
        voices: the only voices to use, such as flite:slt, festival:kal_diphone or
            espeak:en-us+f3. Default: all that are installed and not kept for validation.
    """
    from diffsheg_model.data.corpus.build import CorpusOptions, build_corpus

    options = CorpusOptions(
        hours=hours,
        seed=seed,
        validation=validation,
        facegood=facegood,
        facegood_copies=facegood_copies,
        exclude=tuple(exclude),
        voices=tuple(voices),
    )
    frames = build_corpus(output, options, workers)
    logger.info(
        '%s: %.2f h; train on it with `diffsheg train --data %s -o RUN`',
        output,
        frames / 15 / 3600,
        output,
    )
