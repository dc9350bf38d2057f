"""The messages to replay, read from a recording or made from a motion.npz."""

from collections.abc import Callable, Iterator
from pathlib import Path

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.mcap.definitions import AVATAR_TOPICS
from diffsheg_model.motion_files.mcap.motion import TimedMessage, motion_messages
from diffsheg_model.motion_files.mcap.reader import (
    choose_namespace,
    full_name,
    read_messages,
    read_topics,
)
from diffsheg_model.motion_files.npz import read_npz

#: A function that returns the messages from the beginning, each time it is called.
Source = Callable[[], Iterator[TimedMessage]]

NPZ_TOPICS = ('face', 'joint_states')


def open_source(file: str, topics: str, namespace: str) -> tuple[Source, tuple[str, ...]]:
    """Open a recording.

    Args:
        file: a .mcap file, the folder of a bag, or a motion.npz.
        topics: relative names separated by commas; empty for all topics of an avatar in the file.
        namespace: namespace of the recorded topics; empty for the only one in the file.

    Returns:
        The source of the messages, and its topics.

    Raises:
        InputError: the file cannot be read or lacks a topic; reading messages may raise it too.
    """
    wanted = tuple(name.strip() for name in topics.split(',') if name.strip())
    unknown = [name for name in wanted if name not in AVATAR_TOPICS]
    if unknown:
        raise InputError(
            f'parameter topics = {topics!r}: {unknown[0]} is unknown; known are '
            + ', '.join(AVATAR_TOPICS)
        )
    if Path(file).suffix == '.npz':
        return _npz_source(file, wanted or NPZ_TOPICS)
    return _mcap_source(file, wanted, namespace)


def _npz_source(file: str, topics: tuple[str, ...]) -> tuple[Source, tuple[str, ...]]:
    missing = [name for name in topics if name not in NPZ_TOPICS]
    if missing:
        raise InputError(f'{file} has no {missing[0]}: a motion.npz has {" and ".join(NPZ_TOPICS)}')
    motion = read_npz(file)

    def messages() -> Iterator[TimedMessage]:
        try:
            made = motion_messages(motion, None, 0, start_ns=0, utterance_id=Path(file).stem)
        except InputError as error:
            raise InputError(f'{file}: {error}') from error
        return (message for message in made if message.topic in topics)

    return messages, topics


def _mcap_source(
    file: str, wanted: tuple[str, ...], namespace: str
) -> tuple[Source, tuple[str, ...]]:
    space = choose_namespace(file, wanted or tuple(AVATAR_TOPICS), namespace or None, least=1)
    recorded = read_topics(file)
    names = {full_name(space, topic): topic for topic in wanted or AVATAR_TOPICS}
    missing = [name for name in names if name not in recorded]
    if wanted and missing:
        raise InputError(f'{file} has no topic {missing[0]}; it has {", ".join(recorded)}')
    kinds = {name: AVATAR_TOPICS[topic] for name, topic in names.items() if name in recorded}
    if not wanted:  # a topic of the same name may be another program's
        kinds = {name: kind for name, kind in kinds.items() if recorded[name] == kind} or kinds

    def messages() -> Iterator[TimedMessage]:
        for message in read_messages(file, kinds):
            yield TimedMessage(names[message.topic], message.log_ns, message.data)

    return messages, tuple(names[name] for name in kinds)
