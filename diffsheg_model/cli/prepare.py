"""``diffsheg prepare``: training shards from recordings."""

import logging
from pathlib import Path
from typing import Literal

from diffsheg_model.cli.options import Output

EXAMPLE = 'diffsheg prepare beat_english_v0.2.1/ -o shards/'

logger = logging.getLogger(__name__)


def prepare(
    source: Path,
    output: Output,
    kind: Literal['auto', 'beat', 'show', 'facegood', 'livelink', 'arkit'] = 'auto',
    workers: int = 0,
    fps: float | None = None,
    tolerance: float = 0.5,
    speaker: int | None = None,
    licence: str = '',
    only: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    hand_components: Path | None = None,
) -> None:
    """Convert a folder of recordings to shards for `diffsheg train --data OUTPUT`.

    Reads BEAT, SHOW, FACEGOOD-Audio2Face, Live Link Face, and any folder of wav with ARKit csv or
    BVH. Takes that cannot be used are skipped. The reasons are printed and written to
    OUTPUT/report.json. Run it again to resume: finished takes are kept, skipped ones tried again.

    Args:
        source: folder of the recordings.
        output: folder for the shards. It is created if it does not exist.
        kind: kind of recordings. auto recognises it by the files.
        workers: processes. 0 is one for each core.
        fps: frame rate of csv, json, bvh or pkl files, instead of the rate that they give.
        tolerance: largest difference between the durations of sound and motion, seconds.
        speaker: style of all takes, counted from 0, instead of what their names say; -1 for none.
        licence: licence of all takes, for the card of models trained on them.
        only: names of the takes to prepare, with * and ?, such as '2_scott_*'.
        exclude: names of takes to leave out, with * and ?, for example those for validation.
        hand_components: SMPLX_NEUTRAL.npz or TalkSHOW's hand_component.json, for SHOW's hands.
    """
    from diffsheg_model.data.recordings.prepare import PrepareOptions
    from diffsheg_model.data.recordings.prepare import prepare as prepare_folder
    from diffsheg_model.data.recordings.report import REPORT
    from diffsheg_model.errors import InputError
    from diffsheg_model.motion_files.track import ReadOptions

    options = PrepareOptions(
        kind=kind,
        speaker=speaker,
        licence=licence,
        only=tuple(only),
        exclude=tuple(exclude),
        reading=ReadOptions(fps, tolerance, hand_components),
    )
    report = prepare_folder(source, output, options, workers)
    for line in report.lines():
        logger.info('%s', line)
    if not report.prepared:
        raise InputError(
            f'{source}: none of {len(report.outcomes)} takes could be prepared; '
            f'see {output / REPORT}'
        )
    logger.info('train on it with `diffsheg train --data %s -o RUN`', output)
