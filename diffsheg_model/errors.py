"""The one error that a user's input can cause, and how others are told in one line."""


class InputError(ValueError):
    """Something the user gave is unusable. The message is one line: what, where, what to do.

    Commands print it behind ``error:`` and exit with status 2; nodes report it and refuse to
    configure. Anything else that is raised is a fault of the program.
    """


def one_line(error: BaseException) -> str:
    """An InputError's message; of any other exception its kind and its first line."""
    if isinstance(error, InputError):
        return str(error)
    lines = str(error).strip().splitlines() or ['']
    return f'{type(error).__name__}: {lines[0]}'.removesuffix(': ')
