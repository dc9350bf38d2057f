"""The nodes' own attributes, against those that rclpy's node classes keep for themselves."""

import inspect
import re

import pytest

from tests.support.paths import ROOT

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

import rclpy.lifecycle.node
import rclpy.node

SOURCES = [ROOT / 'diffsheg_ros' / 'nodes', ROOT / 'diffsheg_ros' / 'ros']


def attributes(source: str) -> set[str]:
    """Return the names of the private attributes that a source assigns to `self`."""
    return set(re.findall(r'self\.(_\w+)(?:: [^=\n]+)? = ', source))


def test_no_node_overwrites_an_attribute_of_rclpys_node():
    kept = attributes(inspect.getsource(rclpy.node))
    kept |= attributes(inspect.getsource(rclpy.lifecycle.node))
    assert '_clients' in kept
    overwritten = []
    for path in sorted(path for folder in SOURCES for path in folder.glob('*.py')):
        text = path.read_text(encoding='utf-8')
        for part in re.split(r'^class ', text, flags=re.MULTILINE)[1:]:
            if re.match(r'\w+\([^)]*Node\b', part):
                name = part[: part.index('(')]
                overwritten += [f'{path.name}: {name}.{hit}' for hit in attributes(part) & kept]
    assert overwritten == []
