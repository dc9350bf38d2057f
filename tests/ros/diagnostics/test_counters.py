"""Counters: sums of parts, and the messages while they rise."""

from dataclasses import dataclass

import pytest

from diffsheg_ros.diagnostics.counters import Counters, counter
from diffsheg_ros.diagnostics.report import ERROR, OK, WARN


@dataclass
class Door(Counters):
    opened: int = counter('times opened')
    jammed: int = counter('times\n    jammed', WARN, 'the door jams ({last_jam}): oil it')


@dataclass
class House(Door):
    fires: int = counter('fires', ERROR, 'the house burns: leave it')
    opened: int = counter('doors opened', WARN, 'a door is open: close it')


def test_a_total_has_the_counters_of_all_parts():
    front, back = Door(opened=2), Door(opened=3, jammed=1)
    house = House.total(front, back, House(fires=1))
    assert house.values() == {'opened': 5, 'jammed': 1, 'fires': 1}
    assert front.values() == {'opened': 2, 'jammed': 0}
    with pytest.raises(TypeError, match='fires'):
        Door.total(house)


def test_a_declaration_is_inherited_unless_it_is_made_anew():
    door, house = Door.declarations(), House.declarations()
    assert list(house) == ['opened', 'jammed', 'fires']
    assert house['jammed'] is door['jammed'] and door['jammed'].meaning == 'times jammed'
    assert (door['opened'].level, house['opened'].level) == (OK, WARN)


def test_only_counters_with_a_level_that_have_risen_are_news():
    rises = {'opened': 4, 'jammed': 2}
    assert Door.news(rises, {}, last_jam='frost') == [
        (WARN, 'the door jams (frost): oil it [jammed +2]')
    ]
    assert Door.news(rises, {'jammed': 'ice'}, last_jam='') == [(WARN, 'ice [jammed +2]')]
    assert Door.news({'jammed': -1}, {}, last_jam='') == []
