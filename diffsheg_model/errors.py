"""The one error that a user's input can cause, and how others are told in one line."""

_LONGEST = 1000
_END = 300


class InputError(ValueError):
    """Something the user gave is unusable. The message is one line: what, where, what to do.

    Commands print it behind ``error:`` and exit with status 2; nodes report it and refuse to
    configure. Anything else that is raised is a fault of the program.

    The message is `printable`, whatever a file or its name put into it, and at most 1000
    characters long: the middle of a longer one is left out.
    """

    def __init__(self, message: object = '') -> None:
        text = printable(str(message))
        if len(text) > _LONGEST:
            text = f'{text[: _LONGEST - _END]} ... {text[-_END:]}'
        super().__init__(text)


def printable(text: str) -> str:
    r"""Return a text with an escape such as ``\n`` or ``\udcff`` for each character that is none.

    These are control characters, line breaks, marks of writing direction, and the surrogates that
    stand for the bytes of a file name that is not UTF-8. The result can be printed and encoded.
    """
    if text.isprintable():
        return text
    return ''.join(
        char if char.isprintable() else char.encode('unicode_escape').decode('ascii')
        for char in text
    )


def one_line(error: BaseException) -> str:
    """An InputError's message; of any other exception its kind and its first line."""
    if isinstance(error, InputError):
        return str(error)
    lines = str(error).strip().splitlines() or ['']
    return printable(f'{type(error).__name__}: {lines[0]}'.removesuffix(': '))


def require(condition: bool, owner: object, field: str, allowed: str) -> None:
    """Raise InputError that names a field of an object, its value and what is allowed."""
    if not condition:
        raise InputError(
            f'{type(owner).__name__}.{field} = {getattr(owner, field)!r}: must be {allowed}'
        )
