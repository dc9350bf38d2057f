"""The one error that a user's input can cause."""


class InputError(ValueError):
    """Something the user gave is unusable. The message is one line: what, where, what to do.

    Commands print it behind ``error:`` and exit with status 2; nodes report it and refuse to
    configure. Anything else that is raised is a fault of the program.
    """
