"""The pickle reader: what people have comes out, what runs code does not."""

import collections
import io
import os
import pickle
import tracemalloc

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.restricted_pickle import load
from tests.support.recordings import DATA

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def loaded(pickled: bytes):
    return load(io.BytesIO(pickled), 'made.pkl')


class Calls:
    """Pickles as a call of a function that the reader finds by name."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Named:
    """Stands for a function of another module, so that it need not be importable here."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class _Pickler(pickle._Pickler):
    """Writes `Named` as the global that it names, `Calls` as its call."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Named):
            self.write(f'c{obj.module}\n{obj.name}\n'.encode())
        elif isinstance(obj, Calls):
            function, arguments = obj.call
            self.save(function)
            self.save(arguments)
            self.write(pickle.REDUCE)
        elif isinstance(obj, _Stored):
            self.save(obj.pid)
            self.write(pickle.BINPERSID)
        else:
            super().save(obj, save_persistent_id)


class _Stored:
    def __init__(self, *pid):
        self.pid = pid


def dumps(obj) -> bytes:
    file = io.BytesIO()
    _Pickler(file, 2).dump(obj)
    return file.getvalue()


def storage(values: np.ndarray, device='cuda:0', kind='FloatStorage', count=None) -> bytes:
    """A torch save of one storage, in the format that pickles of tensors hold."""
    count = values.size if count is None else count
    parts = [
        _MAGIC, _PROTOCOL, {'protocol_version': _PROTOCOL, 'little_endian': True},
        _Stored('storage', Named('torch', kind), '94', device, count, None), ['94'],
    ]  # fmt: skip
    return b''.join(map(dumps, parts)) + count.to_bytes(8, 'little') + values.tobytes()


def tensor(saved: bytes, size, stride, offset=0):
    return Calls(
        Named('torch._utils', '_rebuild_tensor_v2'),
        Calls(Named('torch.storage', '_load_from_bytes'), saved),
        offset, size, stride, False, collections.OrderedDict(),
    )  # fmt: skip


VALUES = np.arange(12, dtype=np.float32)


def test_a_tensor_saved_from_cuda_comes_out_as_an_array():
    pickled = dumps({'jaw_pose': tensor(storage(VALUES), (2, 3), (4, 1), offset=1)})
    assert b'cuda:0' in pickled
    jaw = loaded(pickled)['jaw_pose']
    assert jaw.dtype == np.float32
    np.testing.assert_array_equal(jaw, [[1, 2, 3], [5, 6, 7]])


@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_what_torch_itself_pickles_is_read(protocol):
    torch = pytest.importorskip('torch')
    tensors = {
        'turned': torch.arange(12.0, dtype=torch.float64).reshape(3, 4).t(),
        'none': torch.zeros(0, 3),
        'one': torch.tensor(7),
        'yes': torch.tensor([True, False]),
        'half': torch.arange(5, dtype=torch.float16)[1:],
        'learned': torch.arange(3.0, requires_grad=True),
    }
    found = loaded(pickle.dumps(tensors, protocol))
    assert list(found) == list(tensors)
    for name, values in tensors.items():
        expected = values.detach().numpy()
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)


def test_plain_values_and_arrays_are_read():
    values = {'a': [1, 2.5, 'x', None, True, b'raw'], 'b': np.eye(3), 'c': np.float64(2)}
    found = loaded(pickle.dumps(values))
    assert found['a'] == values['a'] and found['c'] == 2
    np.testing.assert_array_equal(found['b'], np.eye(3))


@pytest.mark.skipif(not (DATA / 'show').is_dir(), reason='no SHOW takes in DIFFSHEG_DATA')
def test_real_takes_saved_from_cuda_are_read():
    for path in sorted((DATA / 'show').glob('*.pkl')):
        with path.open('rb') as file:
            take = load(file, str(path))
        assert take['expression'].shape == (300, 100)
        loss = take['losses_to_log']['sil_loss']
        assert isinstance(loss, np.ndarray) and np.isfinite(loss)


def malicious(mark):
    """(what it names or tries, pickle); each would make the file `mark` or read foreign memory."""
    touch = f'touch {mark}'
    storages = storage(VALUES)
    evil_save = dumps(_MAGIC) + dumps(Calls(Named('os', 'system'), touch))
    late_save = storages[:-48].replace(dumps(['94']), dumps(Calls(Named('os', 'system'), touch)))
    yield 'posix.system', pickle.dumps(Calls(os.system, touch))
    yield 'os.system', dumps(Calls(Named('os', 'system'), touch))
    yield 'builtins.eval', dumps(Calls(Named('builtins', 'eval'), f'open({str(mark)!r}, "w")'))
    yield 'builtins.getattr', dumps(Named('builtins', 'getattr'))
    yield 'torch.load', dumps(Calls(Named('torch', 'load'), str(mark)))
    yield 'numpy.load', dumps(Named('numpy', 'load'))
    yield 'numpy.f2py', dumps(Named('numpy.f2py', 'compile'))
    yield 'ndarray.tofile', dumps(Named('numpy', 'ndarray.tofile'))
    yield '_codecs.decode', dumps(Named('_codecs', 'decode'))
    yield "encodes text as 'idna'", dumps(Calls(Named('_codecs', 'encode'), 'a', 'idna'))
    yield 'os.system', dumps(tensor(evil_save, (2,), (1,)))
    yield 'os.system', dumps(tensor(late_save, (2,), (1,)))
    yield 'larger than its storage', dumps(tensor(storages, (13,), (1,)))
    yield 'larger than its storage', dumps(tensor(storages, (2,), (12,)))
    yield 'larger than its storage', dumps(tensor(storages, (2,), (1,), offset=11))
    yield 'larger than its storage', dumps(tensor(storages, (10**9, 10**9), (0, 0)))
    yield 'impossible shape', dumps(tensor(storages, (2,), (-1,)))
    yield 'impossible shape', dumps(tensor(storages, (2,), (1,), offset=-9))
    yield 'impossible shape', dumps(tensor(storages, (2, 3), (1,)))
    yield 'is cut', dumps(tensor(storage(VALUES, count=13), (13,), (1,)))
    yield 'not of numbers', dumps(tensor(storage(VALUES, kind='FloatStorage')[:-48].replace(
        b'storage', b'strange'), (2,), (1,)))  # fmt: skip
    # torch's functions are stood for by something that a pickle cannot change
    yield (
        'changes the state',
        dumps(Named('torch.storage', '_load_from_bytes'))[:-1]
        + (dumps((None, {'__defaults__': (1,)}))[2:-1] + b'b.'),
    )


def test_no_pickle_runs_anything(tmp_path):
    mark = tmp_path / 'was-here'
    for names, pickled in malicious(mark):
        with pytest.raises(InputError, match='made.pkl is not a pickle of plain arrays') as caught:
            loaded(pickled)
        assert names in str(caught.value)
        assert '\n' not in str(caught.value)
    assert not mark.exists()


@pytest.mark.parametrize('kept', [0, 1, 30, 200, -1])
def test_a_cut_pickle_is_refused(kept):
    pickled = dumps({'jaw_pose': tensor(storage(VALUES), (12,), (1,))})
    with pytest.raises(InputError, match=r'made\.pkl is not a pickle'):
        loaded(pickled[:kept])


def _dtype(code, *state):
    """numpy's pickle of a dtype, with the state that a pickle gives it."""
    made = Calls(Named('numpy', 'dtype'), code, False, True)
    return Built(made, state) if state else made


class Built:
    """Pickles as an object whose state is set."""

    def __init__(self, made, state):
        self.made, self.state = made, state


class _BuildPickler(_Pickler):
    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Built):
            self.save(obj.made)
            self.save(obj.state)
            self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


def built(obj) -> bytes:
    file = io.BytesIO()
    _BuildPickler(file, 3).dump(obj)
    return file.getvalue()


FLOAT = (3, '<', None, None, None, -1, -1, 0)


def array(state, code='f4', dtype_state=FLOAT):
    empty = Calls(
        Named('numpy.core.multiarray', '_reconstruct'), Named('numpy', 'ndarray'), (0,), b'b'
    )
    version, shape, fortran, data = state
    return Built(empty, (version, shape, _dtype(code, *dtype_state), fortran, data))


def test_the_arrays_of_these_tests_are_those_of_numpy():
    found = loaded(built(array((1, (2, 2), True, VALUES[:4].tobytes()))))
    np.testing.assert_array_equal(found, [[0, 2], [1, 3]])


HOSTILE = {
    'bytes that are not there': b'\x80\x04B\xff\xff\xff\xff.',
    'bytes of eight digits': b'\x80\x05\x8e' + (2**32).to_bytes(8, 'little') + b'.',
    'an array of bytes': b'\x96' + (2**32).to_bytes(8, 'little'),
    'a memo far out': b'\x80\x04Nr\xff\xff\xff\x7f.',
    'a memo that is not filled': b'\x80\x04j\x05\0\0\0.',
    'a negative memo': b'Np-5\n.',
    'nesting of tuples': b'\x80\x04)' + b'\x85' * 1_000_000 + b'.',
    'a deep tuple as a key': b'\x80\x04})' + b'\x85' * 300_000 + b'Ns.',
    'nesting of lists': b'\x80\x04' + b']' * 200_000 + b'a' * 199_999 + b'.',
    'a number of many digits': b'I' + b'9' * 5000 + b'\n.',
    'nothing on the stack': b'\x80\x04a.',
    'a mark as a value': b'\x80\x04(\x85.',
    'a class made without a call': b'\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93)\x81.',
    'a registered extension': b'\x80\x04\x82\x01.',
    'a state of a list': b'\x80\x04]}b.',
    'a call of text': b'\x80\x04\x8c\x01a)R.',
    'an array of the class itself': dumps(Calls(Named('numpy', 'ndarray'), (10**12,))),
    'a dtype of objects over bytes': built(array((1, (1,), False, b'\1' * 8), 'O8')),
    'a dtype of fields': built(array((1, (1,), False, b'\1' * 8), 'V8')),
    'a dtype with another state': built(
        array((1, (1,), False, b'\1' * 4), dtype_state=(3, '<', ('f4', (9,)), None, None, 9, 1, 0))
    ),
    'a shape beyond the data': built(array((1, (10**9,), False, b'\1' * 4))),
    'a negative shape': built(array((1, (-1, -1), False, b'\1' * 4))),
    'a shape of many dimensions': built(array((1, (1,) * 40, False, b'\1' * 4))),
    'an array without a state': built(
        Calls(Named('numpy.core.multiarray', '_reconstruct'), Named('numpy', 'ndarray'), (0,), b'b')
    ),
    'an object of numpy as a number': built(
        Calls(Named('numpy.core.multiarray', 'scalar'), _dtype('O8'), b'\1' * 8)
    ),
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_what_crashes_or_fills_the_memory_of_a_plain_unpickler_is_refused(kind):
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r'made\.pkl is not a pickle of plain arrays'):
            loaded(HOSTILE[kind])
        assert tracemalloc.get_traced_memory()[1] < (8 << 20) + 100 * len(HOSTILE[kind])
    finally:
        tracemalloc.stop()


def test_arrays_that_share_their_bytes_do_not_multiply_them():
    whole = bytes(1 << 20)
    name, dtype = Named('numpy.core.numeric', '_frombuffer'), _dtype('u1', *FLOAT)
    calls = [Calls(name, whole, dtype, (1 << 20,), 'C') for _ in range(200)]
    with pytest.raises(InputError, match='declares 78.* MB of content'):
        loaded(built(calls))


def small_take() -> bytes:
    values = {'expression': np.arange(4, dtype=np.float32), 'n': np.float64(1), 'x': [(1, 'a')]}
    return dumps({**values, 'jaw': tensor(storage(VALUES[:2]), (2,), (1,))})


def test_no_damage_of_a_take_does_more_than_raise():
    """Every byte left out, every pair left out, bits turned: whole, or InputError."""
    take = small_take()
    damaged = [take[:i] + take[i + n :] for i in range(len(take)) for n in (1, 2)]
    for place in range(len(take)):
        for bit in (0, 3, 7):
            turned = bytearray(take)
            turned[place] ^= 1 << bit
            damaged.append(bytes(turned))
    refused = 0
    for pickled in damaged:
        try:
            found = loaded(pickled)
        except InputError as error:
            refused += 1
            assert '\n' not in str(error)
        else:
            # What is read is of plain kinds all through.
            pickle.dumps(found)
    assert refused > len(damaged) // 2


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_kind_and_protocol_are_read(protocol):
    values = {
        'fortran': np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        'big': np.arange(3, dtype='>f4'),
        'none': np.zeros((0, 3), np.int16),
        'text': np.array(['x', 'yz']),
        'yes': np.array([True]),
        'objects': np.array([{'inner': np.zeros(2)}, None], dtype=object),
        'number': np.float32(2),
    }
    values['again'] = values['fortran']
    found = loaded(pickle.dumps(values, protocol))
    for name in ('fortran', 'big', 'none', 'text', 'yes'):
        assert found[name].dtype == values[name].dtype and found[name].flags.writeable
        np.testing.assert_array_equal(found[name], values[name])
    np.testing.assert_array_equal(found['objects'][0]['inner'], [0, 0])
    assert found['again'] is found['fortran'] and type(found['number']) is np.float32


def test_a_list_that_holds_itself_is_read():
    values = [1]
    values.append(values)
    found = loaded(pickle.dumps(values))
    assert found[1] is found
