"""Names of takes that are distinct on every file system."""

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

# Bytes, longest name of a folder; temporary copies add a suffix to it.
_LONGEST = 200


def with_distinct_names(
    takes: list[TakeFiles], source: Path, reserved: Collection[str] = ()
) -> list[TakeFiles]:
    """Rename takes that would share a folder, such as ``a/b.wav`` and ``a-b.wav``.

    Names that differ only in case or in the encoding of accents count as equal, as on some file
    systems. A new name is the old one plus a digest of the take's path, so it is the same at every
    run. One line of the log names the renamed takes.

    Args:
        takes: takes of one source, in any order.
        source: folder of their files.
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
    """Return the path of a take's first file, relative to the source."""
    return min(path.relative_to(source) for path in take.files.values())


def _renamed(take: TakeFiles, source: Path) -> TakeFiles:
    path = os.fsencode(_place(take, source).with_suffix(''))
    kept = os.fsencode(take.name)[: _LONGEST - 9].decode('utf-8', 'ignore')
    return replace(take, name=f'{kept}-{hashlib.sha256(path).hexdigest()[:8]}')
