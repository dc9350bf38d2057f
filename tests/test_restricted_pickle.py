"""The pickle reader: what people have comes out, what runs code does not."""

import collections
import io
import os
import pickle

import numpy as np
import pytest
from recordings import DATA

from diffsheg_model.errors import InputError
from diffsheg_model.restricted_pickle import load

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
        '__defaults__',
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
