"""``diffsheg corpus``: training data out of synthetic speech and FACEGOOD's captured lips."""

import logging
from pathlib import Path

from diffsheg_model.cli import Output

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
    """Makes training data: synthetic speech with moving bodies, and FACEGOOD's captured lips.

    The voices that this machine has (espeak-ng, flite, festival) speak made sentences, in rooms
    and to microphones of all kinds, and a rule-based teacher moves face and body to them. The same
    seed and voices give the same bytes. Run it again to resume, or with more hours to extend.
    The takes train with `diffsheg train --data OUTPUT`.

    Args:
        output: folder to write; made where missing.
        hours: of synthetic speech, roughly; 0 for FACEGOOD alone.
        seed: whatever is drawn follows from it.
        workers: processes; 0 is one a core.
        validation: make the validation set: voices that never train, and the excluded takes.
        facegood: folder of FACEGOOD-Audio2Face takes: NAME.wav and NAME.npy pairs, and
            blendshape_names.npy.
        facegood_copies: how often each FACEGOOD take is written; the first sounds as recorded,
            the others at other tempos, in other rooms and at other levels.
        exclude: FACEGOOD takes that never train.
        voices: the only voices to use, such as flite:slt, festival:kal_diphone or
            espeak:en-us+f3; by default all that are installed and not kept for validation.
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
