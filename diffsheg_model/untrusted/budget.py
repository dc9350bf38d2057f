"""The limit of memory for the content of a file, checked before the memory is allocated."""

from diffsheg_model.errors import InputError

FREE_BYTES = 64 << 20
"""Bytes of content that every file may have."""

TIMES = 10
"""Further bytes of content for each byte of the file."""


def check_budget(needed: int, file_bytes: int, what: str) -> None:
    """Raise InputError if a file declares too much content for its size.

    Args:
        needed: bytes of memory for the content.
        file_bytes: size of the file.
        what: source of the declaration, for the message.
    """
    if needed > FREE_BYTES + TIMES * file_bytes:
        raise InputError(
            f'{what} declares {needed / 1e6:.6g} MB of content in a file of '
            f'{file_bytes / 1e6:.3g} MB: it is damaged or made to fill the memory; '
            'get the original'
        )
