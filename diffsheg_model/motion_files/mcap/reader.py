"""Messages of an MCAP file, also of one that is cut off."""

import logging
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from diffsheg_model.errors import InputError, one_line
from diffsheg_model.motion_files.mcap.definitions import check_schema
from diffsheg_model.motion_files.mcap.messages import Decode, decoder_of
from diffsheg_model.motion_files.mcap.recorder import require_mcap
from diffsheg_model.motion_files.mcap.records import ClippedFile, file_records, summary_records
from diffsheg_model.untrusted.reading import reader

_LOG = logging.getLogger(__name__)


class McapMessage(NamedTuple):
    """A message as it was recorded.

    Attributes:
        topic: absolute name.
        log_ns: time of its reception.
        data: the message in CDR.
        decode: function that decodes `data` to an object with the fields of the definition.
    """

    topic: str
    log_ns: int
    data: bytes
    decode: Decode


def mcap_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the file itself, or the files in the folder of a bag, in their order.

    Raises:
        InputError: the folder has no .mcap file.
    """
    path = Path(path)
    if not path.is_dir():
        return [path]
    # Sorted by length first: part 10 of a split recording comes after part 9.
    files = sorted(path.glob('*.mcap'), key=lambda file: (len(file.name), file.name))
    if not files:
        raise InputError(f'{path} has no .mcap file in it; name a recording')
    return files


@reader('a recording in MCAP')
def read_topics(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the topics of a recording and their types, in the order of their appearance.

    Raises:
        InputError: the file does not exist, is not MCAP, or mcap is not installed.
    """
    require_mcap()
    return {
        channel.topic: schema.name if schema else ''
        for file in mcap_files(path)
        for channel, schema in _channels(file)
    }


def choose_namespace(
    path: str | os.PathLike[str], topics: Collection[str], wanted: str | None, *, least: int
) -> str:
    """Return the namespace of an avatar in a recording, such as '' or '/robot1'.

    Args:
        path: the recording.
        topics: relative names of an avatar's topics.
        wanted: the namespace, with or without slashes around it; None for the only one.
        least: smallest number of these topics in a namespace of an avatar.

    Raises:
        InputError: an error of `read_topics`, no avatar, several ones, or not the wanted one.
    """
    recorded = read_topics(path)
    ends = [(name, f'/{topic}') for name in recorded for topic in topics]
    counts = Counter(name.removesuffix(end) for name, end in ends if name.endswith(end))
    found = [name for name, count in counts.items() if count >= least]
    if not found:
        for file in mcap_files(path):
            for _ in _records(file):  # warns if a damaged file is the reason
                pass
        none = ' or '.join(topics) if least == 1 else ' and '.join(topics)
        raise InputError(f'{path} has no topics {none}; record them')
    listed = ', '.join(name or '/' for name in found)
    if wanted is None:
        if len(found) > 1:
            raise InputError(f'{path} has several avatars: choose a namespace out of {listed}')
        return found[0]
    name = full_name(wanted, '').removesuffix('/')
    if name not in found:
        raise InputError(f'{path} has no avatar in namespace {name or "/"}, only in {listed}')
    return name


def full_name(namespace: str, topic: str) -> str:
    """Return the absolute name of a topic. The namespace may have slashes around it."""
    return '/'.join(['', *(part for part in namespace.split('/') if part), topic])


@reader('a recording in MCAP')
def read_messages(path: str | os.PathLike[str], kinds: Mapping[str, str]) -> Iterator[McapMessage]:
    """Yield the messages of some topics in the order of the file.

    A file that is cut off or damaged is read up to that place, with a warning.

    Args:
        path: a file, or the folder of a bag.
        kinds: required type of each topic. Its definition must be the one of this version.

    Raises:
        InputError: the file does not exist, is not MCAP, a topic has another type or definition, or
            mcap is not installed.
    """
    require_mcap()
    from mcap.records import Channel, Message, Schema

    for file in mcap_files(path):
        found: dict[int, tuple[str, Decode]] = {}
        schemas: dict[int, Any] = {}
        for record in _records(file):
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel) and record.topic in kinds:
                schema = schemas.get(record.schema_id)
                _check_channel(record, schema, kinds[record.topic])
                found[record.id] = record.topic, decoder_of(kinds[record.topic])
            elif isinstance(record, Message) and record.channel_id in found:
                topic, decode = found[record.channel_id]
                yield McapMessage(topic, record.log_time, record.data, decode)


def _check_channel(channel: Any, schema: Any, kind: str) -> None:
    topic = channel.topic
    recorded = schema.name if schema else 'no type'
    if recorded != kind:
        raise InputError(f'topic {topic} was recorded as {recorded}: must be {kind}')
    if channel.message_encoding != 'cdr':
        encoding = channel.message_encoding or 'of no encoding'
        raise InputError(f'topic {topic}: its messages are {encoding}, not cdr; record with ROS 2')
    check_schema(topic, kind, schema.encoding, schema.data.decode(errors='replace'))


def _channels(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield channels and their schemas, from the index of the file or else from all of it."""
    from mcap.records import Channel, Schema

    _check_magic(path)
    schemas: dict[int, Any] = {}
    try:
        with path.open('rb') as file:
            records = summary_records(ClippedFile(file))
    except InputError:
        raise
    except Exception:  # a damaged file; see _records
        records = []
    channels = {record.id: record for record in records if isinstance(record, Channel)}
    if channels:
        schemas = {record.id: record for record in records if isinstance(record, Schema)}
        for channel in channels.values():
            yield channel, schemas.get(channel.schema_id)
        return
    for record in _records(path, logging.DEBUG):  # the reader of the messages warns of damage
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel):
            yield record, schemas.get(record.schema_id)


def _check_magic(path: Path) -> None:
    """Raise InputError if a file does not begin like MCAP."""
    from mcap.writer import MCAP0_MAGIC

    try:
        with path.open('rb') as file:
            begin = file.read(len(MCAP0_MAGIC))
    except OSError as error:
        raise InputError(f'cannot read {path}: {error.strerror or error}') from error
    if begin != MCAP0_MAGIC:
        raise InputError(f'{path} is not an MCAP file; give a .mcap recording')


def _records(path: Path, level: int = logging.WARNING) -> Iterator[Any]:
    """Yield the records of a file; log the first damage and stop there."""
    _check_magic(path)
    with path.open('rb') as file:
        records = file_records(ClippedFile(file))
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except InputError as error:
                raise InputError(f'{path}: {error}') from error
            except Exception as error:  # damaged bytes make the libraries raise any exception
                reason = one_line(error)
                _LOG.log(level, '%s is cut short or damaged (%s): read up to there', path, reason)
                return
            yield record
