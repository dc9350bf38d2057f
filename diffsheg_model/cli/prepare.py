"""``diffsheg prepare``: recordings become shards that training reads."""

import logging
from pathlib import Path
from typing import Literal

from diffsheg_model.cli import Output

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
    """Turns a folder of recordings into shards for `diffsheg train --data OUTPUT`.

    Reads BEAT, SHOW, FACEGOOD-Audio2Face, Live Link Face, and any folder of wav with ARKit csv or
    BVH. Takes that cannot be used are skipped; why is printed and stands in OUTPUT/report.json.
    Run it again to resume: finished takes are kept, skipped ones tried again.

    Args:
        source: folder of the recordings.
        output: folder of the shards; made where missing.
        kind: of the recordings; auto tells by their files.
        workers: processes; 0 is one a core.
        fps: frame rate of csv, json, bvh or pkl, instead of what they say.
        tolerance: how far the durations of sound and motion may be apart, seconds.
        speaker: style of all takes, counted from 0, instead of what their names say; -1 for none.
        licence: of all takes, for the card of what is trained on them.
        only: names of the takes to prepare, with * and ?, such as '2_scott_*'.
        exclude: names of takes to leave out, likewise; for validation data, say.
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
