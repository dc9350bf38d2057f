"""A writer of MCAP files that are readable at every moment.

After each write the file ends like a finished one, except for the index, which `close` adds. The
next write replaces that ending. So after a crash or SIGKILL the recording is complete up to the
last `flush`. On a full disk the ending needs no room, because it is already there.
"""

import io
import os
from importlib.util import find_spec
from pathlib import Path

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.files.private_files import private_files
from diffsheg_model.motion_files.mcap.definitions import schema_text

#: rosbag2 reads this as its default: reliable, volatile, the last 10. The topics need that. All
#: versions of rosbag2 read it, though they write profiles in two ways.
_QOS_PROFILES = '[]'


class McapRecorder:
    """A writer of serialised ROS messages.

    Chunks are compressed with zstd, because three quarters of the bytes are names that repeat in
    every message. rosbag2, Foxglove and the mcap libraries read it. A chunk of at most 1 MB stays
    in memory until it is full or `flush` is called. The index grows by less than 1 kB a chunk. Not
    thread-safe.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Create the file, readable only by this user. An existing file is replaced.

        Raises:
            InputError: mcap is not installed, or the file cannot be written.
        """
        require_mcap()
        from mcap.writer import Writer

        self._path = Path(path)
        try:
            with private_files():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                # Processes that still use an earlier file of this name keep that one.
                self._path.unlink(missing_ok=True)
                self._file = io.FileIO(self._path, 'x')
        except OSError as error:
            raise InputError(
                f'cannot write {self._path}: {error.strerror or error}; choose a writable folder'
            ) from error
        self._waiting = _Waiting()
        self._ending = _ending()
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._counts: dict[int, int] = {}
        # The writer calls no other methods of a stream.
        self._writer = Writer(self._waiting)  # type: ignore[arg-type]
        self._writer.start(profile='ros2')
        self._write_out()

    def add(self, topic: str, kind: str, data: bytes, log_ns: int) -> None:
        """Append a message.

        Args:
            topic: absolute name.
            kind: type of the topic, a key of `DEFINITIONS`.
            data: CDR with its four bytes of encoding, as ROS serialises it.
            log_ns: time of its reception.

        Raises:
            InputError: the disk is full or missing. The file is then closed and readable up to the
                last `flush`.
        """
        if topic not in self._channels:
            self._channels[topic] = self._open_channel(topic, kind)
        channel = self._channels[topic]
        self._counts[channel] = self._counts.get(channel, 0) + 1
        self._writer.add_message(channel, log_ns, data, log_ns, self._counts[channel])
        if self._waiting.data:  # a chunk is full
            self._write_out()

    def flush(self) -> None:
        """Write all messages so far to the operating system.

        Raises:
            InputError: as `add`.
        """
        self._writer.flush()
        self._write_out()

    def close(self) -> None:
        """Complete the file with its index.

        Raises:
            InputError: there is no room. The file stays readable.
        """
        if self._file.closed:
            return
        self.flush()
        self._writer.finish()
        self._write_out(complete=True)
        self._file.close()

    def _open_channel(self, topic: str, kind: str) -> int:
        if kind not in self._schemas:
            text = schema_text(kind).encode()
            self._schemas[kind] = self._writer.register_schema(kind, 'ros2msg', text)
        return self._writer.register_channel(
            topic, 'cdr', self._schemas[kind], {'offered_qos_profiles': _QOS_PROFILES}
        )

    def _write_out(self, complete: bool = False) -> None:
        """Write the waiting bytes, and after them the ending unless the file is complete.

        After a failure the file is as before, and closed.
        """
        data = bytes(self._waiting.data)
        ending = b'' if complete else self._ending
        if not data:
            return
        begin = self._waiting.written
        try:
            _write_at(self._file, begin, data + ending)
        except OSError as error:
            self._mend(begin)
            raise InputError(
                f'recording into {self._path} stopped: {error.strerror or error}; what came before '
                'is in it'
            ) from error
        self._waiting.written += len(data)
        self._waiting.data.clear()

    def _mend(self, size: int) -> None:
        """Restore the ending after so many bytes, where it was before."""
        try:
            _write_at(self._file, size, self._ending)
            self._file.truncate(size + len(self._ending))
        except OSError:
            pass  # the disk is gone
        finally:
            self._file.close()


class _Waiting:
    """A stream for mcap's writer that keeps the bytes; its position is the one in the file."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.written = 0

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def tell(self) -> int:
        return self.written + len(self.data)

    def flush(self) -> None:
        pass


def require_mcap() -> None:
    """Raise InputError if the library mcap is not installed."""
    if not find_spec('mcap'):
        raise InputError(f'MCAP needs mcap, which is not installed: {install_advice("mcap")}')


def _ending() -> bytes:
    """Return the end of a file without an index."""
    from mcap.data_stream import RecordBuilder
    from mcap.records import DataEnd, Footer
    from mcap.writer import MCAP0_MAGIC

    builder = RecordBuilder()
    DataEnd(data_section_crc=0).write(builder)
    Footer(summary_start=0, summary_offset_start=0, summary_crc=0).write(builder)
    return bytes(builder.end()) + MCAP0_MAGIC


def _write_at(file: io.FileIO, place: int, data: bytes) -> None:
    """Write all bytes at a place. On a full disk a part is written before OSError is raised."""
    file.seek(place)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
