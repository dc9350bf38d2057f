"""Names of takes that stay apart on every file system."""

import hashlib
import logging
import os
import unicodedata
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from diffsheg_model.data.recordings.recording import TakeFiles

logger = logging.getLogger(__name__)

# Bytes of a folder's name, with room for what temporary copies add to it.
_LONGEST = 200


def with_distinct_names(
    takes: list[TakeFiles], source: Path, reserved: Collection[str] = ()
) -> list[TakeFiles]:
    """Return the takes, renamed where two would get one folder: ``a/b.wav`` and ``a-b.wav``.

    Names that differ in case or in the encoding of accents alone count as one, because some file
    systems take them so. A new name is the old one and a digest of the take's path, so it is the
    same at every run. One line of the log names the takes that would have shared a name.

    Args:
        takes: of one source, in any order.
        source: folder that their files lie in.
        reserved: names that no take may have.
    """
    held = {_folded(name) for name in reserved}
    sharing: dict[str, list[int]] = defaultdict(list)
    for index, take in enumerate(takes):
        sharing[_folded(take.name)].append(index)
    renamed = list(takes)
    for folded, indices in sharing.items():
        long = len(os.fsencode(takes[indices[0]].name)) > _LONGEST
        if len(indices) == 1 and folded not in held and not long:
            continue
        for index in indices:
            renamed[index] = _renamed(takes[index], source)
        if len(indices) > 1:
            logger.warning(
                '%s would share the name %r: they become %s',
                ' and '.join(str(_place(takes[index], source)) for index in indices),
                takes[indices[0]].name,
                ' and '.join(repr(renamed[index].name) for index in indices),
            )
    return renamed


def _folded(name: str) -> str:
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold())


def _place(take: TakeFiles, source: Path) -> Path:
    """The first of a take's files, from the source."""
    return min(path.relative_to(source) for path in take.files.values())


def _renamed(take: TakeFiles, source: Path) -> TakeFiles:
    path = os.fsencode(_place(take, source).with_suffix(''))
    kept = os.fsencode(take.name)[: _LONGEST - 9].decode('utf-8', 'ignore')
    return replace(take, name=f'{kept}-{hashlib.sha256(path).hexdigest()[:8]}')
