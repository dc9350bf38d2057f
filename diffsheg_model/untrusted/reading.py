"""Guards for readers of files, which turn every exception for bad input into one `InputError`."""

import contextlib
import functools
import inspect
import logging
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from diffsheg_model.errors import InputError, printable

P = ParamSpec('P')
R = TypeVar('R')

logger = logging.getLogger(__name__)

_LONGEST_REASON = 160
_SPECIAL: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, 'a pipe'),
    (stat.S_ISSOCK, 'a socket'),
    (stat.S_ISCHR, 'a device'),
    (stat.S_ISBLK, 'a device'),
)


@dataclass(frozen=True)
class Reader:
    """A guarded function that reads files.

    Attributes:
        function: the function; its first argument is a path or a take.
        what: kind of file, such as 'a BVH file'.
    """

    function: Callable[..., Any]
    what: str


READERS: dict[str, Reader] = {}
"""All functions with the decorator `reader`, by module and name."""


def reader(what: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Guard a function that reads a file, and register it in `READERS`.

    The first argument of the function is the path, or an object with a name and a mapping `files`
    of paths. A generator function is guarded while it runs.

    Args:
        what: kind of file for messages, such as 'a BVH file'.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            source = args[0] if args else next(iter(kwargs.values()))
            with reading(source, what):
                return function(*args, **kwargs)

        @functools.wraps(function)
        def guarded_generator(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
            source = args[0] if args else next(iter(kwargs.values()))
            with reading(source, what):
                yield from cast(Iterator[Any], function(*args, **kwargs))

        if inspect.isgeneratorfunction(function):
            guarded = cast(Callable[P, R], guarded_generator)  # type: ignore[assignment]
        READERS[f'{function.__module__}.{function.__qualname__}'] = Reader(guarded, what)
        return guarded

    return decorate


@contextlib.contextmanager
def reading(source: object, what: str) -> Iterator[None]:
    """Turn any exception of a block that reads a file into one InputError that names the file.

    This includes MemoryError and RecursionError, but not KeyboardInterrupt and SystemExit. Pipes,
    sockets and devices are refused before the block, because readers open a file more than once,
    and some of these never end.

    Args:
        source: the path, or an object with a name and a mapping `files` of paths.
        what: kind of file for messages, such as 'a BVH file'.

    Raises:
        InputError: the block raised an exception, or the file cannot be read twice.
    """
    paths, name = _paths_and_name(source)
    for path in paths:
        check_not_special(path)
    try:
        yield
    except InputError as error:
        known = [name, *(part for path in paths for part in (printable(path.name), str(path)))]
        if any(part and part in str(error) for part in known):
            raise
        raise InputError(f'{name}: {error}') from error
    except Exception as error:
        logger.debug('%s: the reader of %s failed', name, what, exc_info=True)
        raise InputError(_complaint(error, name, what)) from error


def check_not_special(path: Path) -> None:
    """Raise InputError if a path is a pipe, a socket or a device; a missing file passes."""
    if str(path) == '-':
        raise InputError('-: standard input is not read; save it to a file and name that')
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    for is_kind, kind in _SPECIAL:
        if is_kind(mode):
            raise InputError(
                f'{path}: is {kind}, which cannot be read twice; save it to a file and name that'
            )


def _paths_and_name(source: object) -> tuple[list[Path], str]:
    files = getattr(source, 'files', None)
    if isinstance(files, Mapping):
        return [Path(path) for path in files.values()], str(getattr(source, 'name', ''))
    path = Path(cast('str | os.PathLike[str]', source))
    return [path], printable(str(path))


def _complaint(error: Exception, name: str, what: str) -> str:
    """Return a message with the fault of a file and its remedy."""
    if isinstance(error, OSError) and error.strerror:
        return f'cannot read {name}: {error.strerror}; check the file and its permissions'
    if isinstance(error, MemoryError):
        return f'{name}: needs more memory than there is to be read as {what}; give a smaller file'
    if isinstance(error, RecursionError):
        reason = 'its parts are nested too deeply'
    else:
        text = ' '.join(str(error).split())
        reason = text if ' ' in text else f'{type(error).__name__} {text}'.strip()
        reason = reason[:_LONGEST_REASON]
    return f'{name}: cannot be read as {what} ({reason}); get the original file or export it again'
