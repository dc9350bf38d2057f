"""Dataclasses read from parsed JSON and YAML: all types of fields, and one line for each fault."""

import math
import pickle
from dataclasses import dataclass, field
from typing import Literal

import pytest

from diffsheg_model.checked_fields import FieldError, read_dataclass, require, require_choices
from diffsheg_model.errors import InputError


@dataclass(frozen=True)
class Wheel:
    radius_m: float
    kind: Literal['steel', 'wood'] = 'steel'

    def __post_init__(self):
        require_choices(self)
        require(self.radius_m > 0, self, 'radius_m', 'positive')


@dataclass(frozen=True)
class Cart:
    wheel: Wheel
    seats: int = 2
    covered: bool = False
    owners: tuple[str, ...] = ()
    load: int | str = 'auto'
    horse: str | None = None
    spare: Wheel = field(default_factory=lambda: Wheel(1.0))

    def __post_init__(self):
        if self.covered and self.seats > 4:
            raise InputError('no cover is so large')


def test_every_type_of_field():
    values = {
        'wheel': {'radius_m': 1, 'kind': 'wood'},
        'seats': 3,
        'covered': True,
        'owners': ['a', 'b'],
        'load': 7,
        'horse': None,
    }
    cart = read_dataclass(Cart, values, 'cart.json')
    assert cart == Cart(Wheel(1.0, 'wood'), 3, True, ('a', 'b'), 7)
    assert type(cart.wheel.radius_m) is float
    assert read_dataclass(Cart, {'wheel': {'radius_m': 0.5}}, '') == Cart(Wheel(0.5))


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ([], 'x: Cart must be an object, not []'),
        ({'wheel': 3}, 'x: wheel must be an object, not 3'),
        ({}, "x: Cart lacks the field 'wheel'"),
        ({'wheel': {}}, "x: wheel lacks the field 'radius_m'"),
        ({'wheel': {'radius_m': 1, 'hub': 2}}, "x: unknown field 'hub' in wheel"),
        ({3: 4}, 'x: unknown field 3 in Cart'),
        ({'wheel': {'radius_m': '1'}}, "x: wheel.radius_m = '1': must be a number"),
        ({'wheel': {'radius_m': True}}, 'x: wheel.radius_m = True: must be a number'),
        ({'wheel': {'radius_m': -1}}, 'x: wheel.radius_m = -1.0: must be positive'),
        ({'wheel': {'radius_m': math.nan}}, 'x: wheel.radius_m = nan: must be positive'),
        (
            {'wheel': {'radius_m': 1, 'kind': 'gold'}},
            "x: wheel.kind = 'gold': must be one of steel, wood",
        ),
        ({'wheel': {'radius_m': 1, 'kind': []}}, 'x: wheel.kind = []: must be one of steel, wood'),
        ({'wheel': {'radius_m': 1}, 'seats': 2.0}, 'x: seats = 2.0: must be a whole number'),
        ({'wheel': {'radius_m': 1}, 'seats': True}, 'x: seats = True: must be a whole number'),
        ({'wheel': {'radius_m': 1}, 'covered': 1}, 'x: covered = 1: must be true or false'),
        ({'wheel': {'radius_m': 1}, 'owners': 'ab'}, 'x: owners must be a list of names'),
        ({'wheel': {'radius_m': 1}, 'owners': [1]}, 'x: owners must be a list of names'),
        (
            {'wheel': {'radius_m': 1}, 'load': 1.5},
            'x: load = 1.5: must be a whole number or text',
        ),
        ({'wheel': {'radius_m': 1}, 'horse': 1}, 'x: horse = 1: must be text or null'),
        ({'wheel': {'radius_m': 1}, 'covered': True, 'seats': 5}, 'x: no cover is so large'),
    ],
)
def test_faults(values, message):
    with pytest.raises(InputError) as caught:
        read_dataclass(Cart, values, 'x')
    assert str(caught.value) == message


def test_a_number_too_large_for_a_float():
    with pytest.raises(InputError, match=r'^x: radius_m = 1000.*: must be a number$'):
        read_dataclass(Wheel, {'radius_m': 10**400}, 'x')


def test_a_class_of_its_own_is_named():
    with pytest.raises(FieldError) as caught:
        Wheel(0)
    assert str(caught.value) == 'Wheel.radius_m = 0: must be positive'
    again = pickle.loads(pickle.dumps(caught.value))  # as between processes
    assert (str(again), again.problem) == (str(caught.value), 'radius_m = 0: must be positive')
