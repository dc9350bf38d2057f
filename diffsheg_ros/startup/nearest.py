"""Suggestions for unknown names."""

import difflib
from collections.abc import Iterable

#: Similarity of two names, 0 to 1, from which one is perhaps, or surely, a mistyped other.
PERHAPS, SURELY = 0.6, 0.8


def nearest(name: str, known: Iterable[str], alike: float = PERHAPS) -> str:
    """Return the known name most similar to another; empty if none is similar."""
    found = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=alike)
    return found[0] if found else ''


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a clause with the most similar name, or with all known names."""
    names = list(known)
    meant = nearest(name, names)
    return f'did you mean {meant}?' if meant else f'there are {", ".join(sorted(names))}'
