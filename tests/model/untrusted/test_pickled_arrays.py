"""Stand-ins for numpy's classes in a pickle: right states become arrays, others are refused."""

import pickle

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.budget import FREE_BYTES
from diffsheg_model.untrusted.pickled_arrays import (
    Allowance,
    PickledArray,
    PickledDtype,
    check_shape,
    from_bytes,
    scalar,
)

VALUES = np.arange(6, dtype='>f4')


def dtype(code='f4', order='>'):
    made = PickledDtype(code, False, True)
    made.set_state((3, order, None, None, None, -1, -1, 0))
    return made


def array(shape, data, fortran=False, kind=None):
    made = PickledArray(Allowance(100))
    made.set_state((1, shape, dtype() if kind is None else kind, fortran, data))
    return made.array()


def test_arrays_in_both_orders():
    found = array((2, 3), VALUES.tobytes())
    assert found.dtype == VALUES.dtype and found.flags.writeable
    np.testing.assert_array_equal(found, VALUES.reshape(2, 3))
    np.testing.assert_array_equal(
        array((2, 3), VALUES.tobytes(), True), VALUES.reshape(2, 3, order='F')
    )
    assert array((0, 3), b'').shape == (0, 3)


def test_arrays_of_objects():
    found = array((2, 1), ['a', [1]], kind=PickledDtype('O8'))
    assert found.shape == (2, 1) and found[1, 0] == [1]


@pytest.mark.parametrize(
    ('shape', 'data', 'message'),
    [
        ((7,), VALUES.tobytes(), 'not as large as it says'),
        ((-1,), VALUES.tobytes(), 'impossible shape'),
        ((1,) * 33, VALUES.tobytes(), 'impossible shape'),
        ([6], VALUES.tobytes(), 'impossible shape'),
        ((6,), 'text', 'without numbers'),
    ],
)
def test_states_that_do_not_hold_together(shape, data, message):
    with pytest.raises(pickle.UnpicklingError, match=message):
        array(shape, data)


def test_an_array_needs_one_state():
    with pytest.raises(pickle.UnpicklingError, match='without a state'):
        PickledArray(Allowance(100)).array()
    made = PickledArray(Allowance(100))
    made.set_state((1, (6,), dtype(), False, VALUES.tobytes()))
    with pytest.raises(pickle.UnpicklingError, match='unknown state'):
        made.set_state((1, (6,), dtype(), False, VALUES.tobytes()))


@pytest.mark.parametrize('code', ['V8', 'f4,f4', 'O16', '', 4, 'm8'])
def test_dtypes_of_other_kinds(code):
    with pytest.raises(pickle.UnpicklingError, match='dtype'):
        PickledDtype(code)


@pytest.mark.parametrize('state', [None, (3, '>'), (3, 'x', None, None, None, -1, -1, 0)])
def test_unknown_states_of_a_dtype(state):
    with pytest.raises(pickle.UnpicklingError, match='unknown state'):
        PickledDtype('f4').set_state(state)


def test_scalars():
    assert scalar(dtype(), VALUES[2:3].tobytes()) == 2
    for data in (b'', b'12345', 'text'):
        with pytest.raises(pickle.UnpicklingError, match='a number that is none'):
            scalar(dtype(), data)


def test_all_arrays_of_a_pickle_share_one_allowance():
    allowance = Allowance(0)
    allowance.spend(FREE_BYTES)
    with pytest.raises(InputError, match='a pickle declares'):
        from_bytes(b'x', np.dtype('u1'), (1,), False, allowance)


def test_shapes():
    check_shape(())
    check_shape((0, 2**39))
    for shape in ((2**40,), (True,), (1.0,), None):
        with pytest.raises(pickle.UnpicklingError, match='impossible shape'):
            check_shape(shape)
