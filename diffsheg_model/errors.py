"""The exception for unusable input, and messages of one line for all exceptions."""

# Characters of a message, and of its end that is kept if the middle is left out.
_LONGEST = 1000
_END = 300


class InputError(ValueError):
    """Unusable input from the user. The message is one line: the fault, the place, the remedy.

    Commands print it after ``error:`` and exit with status 2; nodes report it and refuse to
    configure. Any other exception is a fault of the program.

    The message is made `printable`, because it may contain names and text from files. It has at
    most 1000 characters: the middle of a longer one is left out.
    """

    def __init__(self, message: object = '') -> None:
        text = printable(str(message))
        if len(text) > _LONGEST:
            text = f'{text[: _LONGEST - _END]} ... {text[-_END:]}'
        super().__init__(text)


def printable(text: str) -> str:
    r"""Return a text with escapes such as ``\n`` or ``\udcff`` for unprintable characters.

    These are control characters, line breaks and marks of writing direction. They are also the
    surrogates that stand for the bytes of a file name that is not UTF-8. The result can be printed
    and encoded.
    """
    if text.isprintable():
        return text
    return ''.join(
        char if char.isprintable() else char.encode('unicode_escape').decode('ascii')
        for char in text
    )


def one_line(error: BaseException) -> str:
    """Return the message of an InputError; for other exceptions their type and first line."""
    if isinstance(error, InputError):
        return str(error)
    lines = str(error).strip().splitlines() or ['']
    return printable(f'{type(error).__name__}: {lines[0]}'.removesuffix(': '))
