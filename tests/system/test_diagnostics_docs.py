"""docs/diagnostics.md, against what the real nodes report."""

import re
from typing import NamedTuple

import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from benchmarks import soak_report
from tests.support.counter_tables import PAGE, TABLES, page_with_tables
from tests.support.every_node import card, named, start_any  # noqa: F401
from tests.support.paths import ROOT
from tests.support.ros_world import Watcher


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


def test_the_tables_of_counters_are_those_of_the_declarations():
    page = PAGE.read_text(encoding='utf-8')
    assert page == page_with_tables(page), 'python -m tests.support.counter_tables'


@pytest.mark.parametrize('node', TABLES)
def test_every_counter_with_a_level_says_what_to_do(node):
    for name, item in TABLES[node][0].declarations().items():
        assert item.meaning and bool(item.advice) == bool(item.level), name


@pytest.mark.ros
@pytest.mark.untimed
@pytest.mark.parametrize('name', named(*TABLES))
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


def test_pages_and_reports_name_only_values_that_the_avatar_has():
    told = {word for width in (3, 4) for row in rows('avatar', width) for word in row.names}
    named = set()
    for path, pattern in (
        ('diffsheg_model/viewer/web/panel.js', r"values\.(\w+)|seconds\('(\w+)'"),
        ('diffsheg_ros/recording/display.py', r'view\.value\("(\w+)"\)'),
        ('diffsheg_ros/demo_run.py', r'view\.value\("(\w+)"\)'),
    ):
        found = re.findall(pattern, (ROOT / path).read_text(encoding='utf-8'))
        found = {''.join(groups) if isinstance(groups, tuple) else groups for groups in found}
        assert found, path
        named |= found
    assert named <= told, named - told


def test_a_soak_checks_only_counters_that_the_nodes_have():
    for node, names in (
        ('avatar', soak_report.AVATAR_FAULTS + soak_report.SHOWN),
        ('speaker', soak_report.SPEAKER_FAULTS),
    ):
        assert set(names) <= TABLES[node][0].declarations().keys()
