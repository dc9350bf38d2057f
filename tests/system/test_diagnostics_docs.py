"""docs/diagnostics.md, against what the real nodes report."""

import re
from typing import NamedTuple

import pytest

from tests.support.paths import ROOT

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from diffsheg_ros.avatar.health import NEWS
from diffsheg_ros.diagnostics.report import WARN
from diffsheg_ros.nodes.live_speech_node import LiveSpeechNode
from diffsheg_ros.nodes.microphone import MicrophoneNode
from diffsheg_ros.speaker.health import _NEWS as SPEAKER_NEWS
from tests.support.every_node import card, named, start_any  # noqa: F401
from tests.support.ros_world import Watcher

PAGE = ROOT / 'docs' / 'diagnostics.md'
LEVELS = ['', 'WARN', 'ERROR']
NODES = {
    'avatar': {name: level for name, (level, _) in NEWS.items()},
    'speaker': {name: level for name, (level, _) in SPEAKER_NEWS.items()},
    'microphone': dict.fromkeys(MicrophoneNode.NEWS, WARN),
    'audio_adapter': dict.fromkeys(LiveSpeechNode.NEWS, WARN),
}


class Entry(NamedTuple):
    """A row of a table: names in its first column, and the other cells."""

    names: list[str]
    cells: list[str]


def rows(node: str, width: int) -> list[Entry]:
    """The rows of a node's tables with so many columns."""
    section = PAGE.read_text(encoding='utf-8').split(f'\n## {node}\n')[1].split('\n## ')[0]
    found = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if line.startswith('| `') and len(cells) == width:
            found.append(Entry(re.findall(r'`(\w+)`', cells[0]), cells[1:]))
    return found


@pytest.mark.parametrize(('node', 'news'), NODES.items(), ids=NODES)
def test_the_level_of_every_counter_is_told_with_what_to_do(node, news):
    counters = rows(node, 4)
    assert set(news) <= {name for row in counters for name in row.names}
    for names, (meaning, level, advice) in counters:
        for name in names:
            assert level.split(' ')[0] == LEVELS[news.get(name, 0)], name
        assert meaning and bool(advice) >= bool(level), names


@pytest.mark.ros
@pytest.mark.parametrize('name', named(*NODES))
def test_all_that_a_node_reports_is_told_and_nothing_else(world, start_any, name):  # noqa: F811
    told = {word for width in (3, 4) for row in rows(name, width) for word in row.names}
    watcher = world.add(Watcher())
    start_any(name)

    def reported() -> set[str]:
        ours = [status for status in watcher.statuses if status.name.startswith(f'stage/{name}: ')]
        return {item.key for item in ours[-1].values} if ours else set()

    try:
        world.until(lambda: reported() == told)
    except AssertionError:
        assert reported() == told
