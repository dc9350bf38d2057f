"""Names that were meant, for names that are not known."""

import difflib
from collections.abc import Iterable

#: How alike two names must be, 0 to 1, for one to be perhaps, or surely, a slip of the other.
PERHAPS, SURELY = 0.6, 0.8


def nearest(name: str, known: Iterable[str], alike: float = PERHAPS) -> str:
    """Return the known name that is most like another; empty where none is alike."""
    found = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=alike)
    return found[0] if found else ''


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a clause that names what was meant, or else all that is known."""
    names = list(known)
    meant = nearest(name, names)
    return f'did you mean {meant}?' if meant else f'there are {", ".join(sorted(names))}'
