"""Decoding of text files in the common encodings."""

import re

_MARKS = (
    (b'\xef\xbb\xbf', 'utf-8-sig'),
    (b'\xff\xfe\x00\x00', 'utf-32'),
    (b'\x00\x00\xfe\xff', 'utf-32'),
    (b'\xff\xfe', 'utf-16'),
    (b'\xfe\xff', 'utf-16'),
)
"""Byte order marks. UTF-32 comes first, because its mark begins with the one of UTF-16."""

# Bytes from which the encoding is guessed.
_LOOKED_AT = 4096
# Share of zero bytes. Half of the bytes of Latin letters in UTF-16 are 0; other scripts have fewer.
_ZEROS = 0.2
_NOT_TEXT = re.compile('[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]')
_NOT_LATIN = re.compile('[\x80-\x9f]')


def decode(data: bytes, is_whole: bool = True) -> str | None:
    """Return the text of some bytes with line feeds as line ends, or None if they are not text.

    Encodings are UTF-8, UTF-16 and UTF-32, with or without a byte order mark, and Windows-1252.

    Args:
        data: bytes of a file from its beginning.
        is_whole: False for the first part of a file only. The last letter may then be cut.
    """
    encodings = [name for mark, name in _MARKS if data.startswith(mark)][:1] or _guessed(data)
    for encoding in encodings:
        try:
            text = data.decode(encoding, 'strict' if is_whole else 'ignore')
        except UnicodeDecodeError:
            continue
        if _NOT_TEXT.search(text) or (encoding == 'cp1252' and _NOT_LATIN.search(text)):
            continue
        return text.replace('\r\n', '\n').replace('\r', '\n')
    return None


def _guessed(data: bytes) -> list[str]:
    """Return the encodings to try for bytes without a byte order mark."""
    start = data[:_LOOKED_AT]
    pairs = max(1, len(start) // 2)
    if start[1::2].count(0) > _ZEROS * pairs:
        return ['utf-16-le']
    if start[::2].count(0) > _ZEROS * pairs:
        return ['utf-16-be']
    return ['utf-8', 'cp1252']
