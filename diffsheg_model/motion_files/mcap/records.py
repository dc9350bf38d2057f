"""The records of an MCAP file one by one, within a budget of memory and of records."""

import io
import os
from collections.abc import Iterator
from typing import IO, Any

from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.budget import FREE_BYTES, check_budget

#: Records that any file may have, and further records for each of its bytes. Those that compress
#: best, of an avatar at rest, take about ten bytes.
_FREE_RECORDS = 10_000
_RECORDS_A_BYTE = 1
#: Largest ratio of the bytes of chunks to those of the file. Repeated poses compress a hundredfold.
_DENSEST = 200
_FREE_CHUNK_BYTES = 4 << 20


class ClippedFile:
    """A readable binary file that limits each read to the rest of the file.

    Records declare their length, and a plain read would allocate that much memory at once.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def read(self, length: int = -1) -> bytes:
        left = max(0, self.size - self._file.tell())
        return self._file.read(left if length < 0 else min(length, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def file_records(file: ClippedFile) -> Iterator[Any]:
    """Yield the records of a file from its beginning, including those in chunks.

    Raises:
        InputError: the chunks declare more data than a real file of that size holds.
        Exception: any exception, for a file that is damaged or cut off.
    """
    from mcap.records import Chunk

    count = unpacked = 0
    for record in _reader(file, validate_crcs=True).records:
        if isinstance(record, Chunk):
            unpacked += record.uncompressed_size
            _check_unpacked(unpacked, file.size)
            for inner in _chunk_records(record):
                count += 1
                _check_count(count, file.size)
                yield inner
        else:
            count += 1
            _check_count(count, file.size)
            yield record


def summary_records(file: ClippedFile) -> list[Any]:
    """Return the records of the index at the end of a file; an empty list without an index.

    Raises:
        Exception: any exception, for a file that is damaged or cut off.
    """
    from mcap.reader import FOOTER_SIZE
    from mcap.records import Footer
    from mcap.stream_reader import MAGIC_SIZE

    file.seek(-FOOTER_SIZE - MAGIC_SIZE, io.SEEK_END)
    footer = next(iter(_reader(file, skip_magic=True).records))
    if not isinstance(footer, Footer) or not footer.summary_start:
        return []
    file.seek(footer.summary_start)
    found = []
    for record in _reader(file, skip_magic=True).records:
        found.append(record)
        _check_count(len(found), file.size)
        if isinstance(record, Footer):
            break
    return found


def _reader(file: ClippedFile, skip_magic: bool = False, validate_crcs: bool = False) -> Any:
    from mcap.stream_reader import StreamReader

    return StreamReader(
        file,  # type: ignore[arg-type]  # the library only reads
        skip_magic=skip_magic,
        emit_chunks=True,
        validate_crcs=validate_crcs,
        record_size_limit=file.size,
    )


def _check_count(count: int, file_bytes: int) -> None:
    if count > _FREE_RECORDS + _RECORDS_A_BYTE * file_bytes:
        raise InputError(
            f'has more than {count - 1} records in {file_bytes} bytes: it is damaged or made to '
            'keep its reader busy; get the original recording'
        )


def _check_unpacked(unpacked: int, file_bytes: int) -> None:
    if unpacked > _FREE_CHUNK_BYTES + _DENSEST * file_bytes:
        raise InputError(
            f'its chunks declare {unpacked / 1e6:.6g} MB in a file of {file_bytes / 1e6:.3g} MB: '
            'it is damaged or made to keep its reader busy; get the original recording'
        )


def _chunk_records(chunk: Any) -> Iterator[Any]:
    """Yield the schemas, channels and messages of a chunk."""
    from mcap.opcode import Opcode
    from mcap.records import Channel, Chunk, Message, Schema
    from mcap.stream_reader import get_chunk_data_stream

    plain = Chunk(
        compression='',
        data=_unpacked(chunk),
        message_end_time=chunk.message_end_time,
        message_start_time=chunk.message_start_time,
        uncompressed_crc=chunk.uncompressed_crc,
        uncompressed_size=chunk.uncompressed_size,
    )
    stream, length = get_chunk_data_stream(plain, validate_crc=True)
    while stream.count < length:
        opcode, size = stream.read1(), stream.read8()
        if opcode == Opcode.MESSAGE:
            yield Message.read(stream, size)
        elif opcode == Opcode.CHANNEL:
            yield Channel.read(stream)
        elif opcode == Opcode.SCHEMA:
            yield Schema.read(stream)
        else:
            stream.read(size)
            yield None


def _unpacked(chunk: Any) -> bytes:
    """Return the uncompressed bytes of a chunk, at most as many as it declares.

    Raises:
        InputError: the size exceeds the memory budget.
        Exception: any exception, for damaged bytes.
    """
    size = chunk.uncompressed_size
    if size > FREE_BYTES:
        check_budget(size, len(chunk.data), 'a chunk')
    if chunk.compression == 'zstd':
        import zstandard

        declared = zstandard.frame_content_size(chunk.data)
        if declared not in (-1, size):
            raise ValueError(f'a chunk of {size} bytes holds a frame of {declared}')
        return zstandard.decompress(chunk.data, max_output_size=size) if size else b''
    if chunk.compression == 'lz4':
        import lz4.frame

        unpacker = lz4.frame.LZ4FrameDecompressor()
        data: bytes = unpacker.decompress(chunk.data, max_length=size)
        if not unpacker.eof:
            raise ValueError(f'a chunk holds more than the {size} bytes that it declares')
    elif chunk.compression:
        raise ValueError(f'a chunk is compressed with {chunk.compression!r:.30}')
    else:
        data = chunk.data
    if len(data) != size:
        raise ValueError(f'a chunk of {size} bytes holds {len(data)}')
    return data
