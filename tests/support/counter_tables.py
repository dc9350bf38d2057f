"""The tables of counters in docs/diagnostics.md, made from the declarations.

    python -m tests.support.counter_tables

writes them into the page.
"""

import re

from diffsheg_ros.avatar.counters import AvatarCounters
from diffsheg_ros.capture.counters import AudioAdapterCounters, MicrophoneCounters
from diffsheg_ros.diagnostics.counters import Counters, Declaration
from diffsheg_ros.speaker.counters import SpeakerCounters
from tests.support.paths import ROOT

PAGE = ROOT / 'docs' / 'diagnostics.md'
HEAD = (
    '| counter | what was counted | level while it rises | message while it rises |\n'
    '|---|---|---|---|\n'
)
#: By heading of the page: the node's counters, and the node described before that shares some.
TABLES: dict[str, tuple[type[Counters], str]] = {
    'avatar': (AvatarCounters, ''),
    'speaker': (SpeakerCounters, 'avatar'),
    'microphone': (MicrophoneCounters, ''),
    'audio_adapter': (AudioAdapterCounters, 'microphone'),
}
LEVELS = ('', 'WARN', 'ERROR')


def table(node: str) -> str:
    """Return the Markdown table of a node's counters."""
    counters, like = TABLES[node]
    known = TABLES[like][0].declarations() if like else {}
    rows = [
        _row(name, item, like if item is known.get(name) else '')
        for name, item in counters.declarations().items()
    ]
    return HEAD + ''.join(rows)


def _row(name: str, item: Declaration, like: str) -> str:
    if like:
        meaning, advice = f"as the {like}'s", 'as there' if item.level else ''
    else:
        meaning = item.meaning
        # Names of counters, parameters and values stand as code.
        advice = re.sub(r'\{?(\b[a-z]+(?:_[a-z0-9]+)+\b)\}?', r'`\1`', item.advice)
    cells = [f'`{name}`', meaning, LEVELS[item.level], advice]
    return '|' + '|'.join(f' {cell} ' if cell else ' ' for cell in cells) + '|\n'


def page_with_tables(text: str) -> str:
    """Return a page with each node's table replaced by that of its declarations."""
    for node in TABLES:
        pattern = rf'(\n## {node}\n(?:(?!\n## ).)*?\n)\| counter \|[^\n]*\n(?:\|[^\n]*\n)+'
        text, found = re.subn(
            pattern, lambda match, node=node: match[1] + table(node), text, flags=re.DOTALL
        )
        assert found == 1, f'{node} must have one table of counters'
    return text


if __name__ == '__main__':
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding='utf-8')), encoding='utf-8')
