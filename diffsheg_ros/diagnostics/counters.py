"""Counters, each declared once: its name, its meaning, and the message while it rises.

The counters of a room or node are a dataclass derived from `Counters`, and each field is made by
`counter`. The values on /diagnostics, the messages of a report and the tables in
docs/diagnostics.md follow from these declarations.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from diffsheg_ros.diagnostics.report import ERROR, OK, WARN

_Counters = TypeVar('_Counters', bound='Counters')


@dataclass(frozen=True)
class Declaration:
    """The declaration of one counter.

    Attributes:
        meaning: what is counted; a cell of a Markdown table.
        level: the level of a report while the counter rises; OK for one that only informs.
        advice: what happened and what to do, for the message of that report. A name in braces is
            replaced by the text of that name, such as `{last_error}`.
    """

    meaning: str
    level: int = OK
    advice: str = ''


def counter(meaning: str, level: int = OK, advice: str = '') -> Any:
    """Return a field of a `Counters` class; see `Declaration`."""
    declaration = Declaration(' '.join(meaning.split()), level, ' '.join(advice.split()))
    return dataclasses.field(default=0, metadata={'counter': declaration})


@dataclass
class Counters:
    """Numbers that only rise; the base of dataclasses with fields made by `counter`."""

    def values(self) -> dict[str, int]:
        """Return the counts by name, in the order of declaration."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def total(cls: type[_Counters], *parts: 'Counters') -> _Counters:
        """Return the sums of counters, each of which this class must have.

        Args:
            *parts: counters of the parts of a node.

        Raises:
            TypeError: a part has a counter that this class does not have.
        """
        sums: Counter[str] = Counter()
        for part in parts:
            sums.update(part.values())
        return cls(**sums)

    @classmethod
    def declarations(cls) -> dict[str, Declaration]:
        """Return the declarations by name."""
        return {field.name: field.metadata['counter'] for field in dataclasses.fields(cls)}

    @classmethod
    def news(
        cls, rises: Mapping[str, int], remarks: Mapping[str, str], **details: str
    ) -> list[tuple[int, str]]:
        """Return level and message of each counter that has risen and has a level.

        Args:
            rises: recent rises by name; see `Rises`.
            remarks: messages that replace a counter's advice, by name.
            **details: the texts that advice refers to.
        """
        return [
            (item.level, f'{remarks.get(name) or item.advice.format(**details)} [{name} +{rise}]')
            for name, item in cls.declarations().items()
            if item.level != OK and (rise := rises.get(name, 0)) > 0
        ]


@dataclass
class ListenerCounters(Counters):
    """Counters of every node that subscribes to topics."""

    refused_messages: int = counter(
        'messages with a time, number or name out of range; see [below](#refused-messages)',
        WARN,
        'messages were refused ({last_refusal}): correct the sender',
    )
    faults: int = counter(
        'callbacks that raised an exception',
        ERROR,
        'a callback failed; see the log: a fault of the program',
    )
