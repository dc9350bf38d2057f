"""The memory that the content of a file may take, asked for before it is taken."""

from diffsheg_model.errors import InputError

FREE_BYTES = 64 << 20
"""What every file may take: small ones may be of any density."""

TIMES = 10
"""What a file may take more than that, in multiples of its own size."""


def check_budget(needed: int, file_bytes: int, what: str) -> None:
    """Raise InputError where a file declares more content than a file of its size holds.

    Args:
        needed: bytes of memory that the content takes.
        file_bytes: size of the file.
        what: declares so much, for the message.
    """
    if needed > FREE_BYTES + TIMES * file_bytes:
        raise InputError(
            f'{what} declares {needed / 1e6:.6g} MB of content in a file of '
            f'{file_bytes / 1e6:.3g} MB: it is damaged or made to fill the memory; '
            'get the original'
        )
