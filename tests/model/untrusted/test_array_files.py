"""Arrays of .npy and .npz files, and files of these kinds that lie about their content."""

import io
import zipfile

import numpy as np
import pytest

from diffsheg_model.motion.motion import MOST_NAMES
from diffsheg_model.motion_files.npz import write_npz
from diffsheg_model.motion_files.read import read_motion
from diffsheg_model.untrusted.array_files import read_npy
from tests.support.refused_files import moving, refusal


def fields(**changes) -> dict[str, np.ndarray]:
    return {
        'fps': np.float64(15),
        'joint_names': np.array(['Spine']),
        'rotations': np.zeros((5, 1, 3), np.float32),
        'weight_names': np.array(['jawOpen']),
        'weights': np.zeros((5, 1), np.float32),
        'start_frame': np.int64(0),
        **changes,
    }


def header(shape, descr='<f4') -> bytes:
    file = io.BytesIO()
    values = {'descr': descr, 'fortran_order': False, 'shape': shape}
    np.lib.format.write_array_header_1_0(file, values)
    return file.getvalue()


def repacked(path, compression=zipfile.ZIP_STORED, **members: bytes) -> None:
    """Pack an npz again, with some members replaced."""
    old = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, 'w', compression) as new:
        for name in old.namelist():
            new.writestr(name, members.get(name.removesuffix('.npy'), old.read(name)))


@pytest.mark.parametrize('value', [np.inf, -np.inf, np.nan, 1e300])
@pytest.mark.parametrize('field', ['start_frame', 'fps'])
def test_numbers_of_an_npz_that_no_motion_has(tmp_path, field, value):
    np.savez(tmp_path / 'x.npz', **fields(**{field: np.float64(value)}))
    refusal(tmp_path / 'x.npz')


@pytest.mark.parametrize(
    'rotations',
    [
        header((2**50,)),
        header((5 * 10**9,)),
        header((2**40, 1, 3)),
        header((2**40,), '<U0'),
        header((5, 1, 3), '|O'),
        header((5, 1, 3), [('a', '<f4')]),
        header((6, 1, 3)) + bytes(60),
        b'\x93NUMPY\x01\x00\x10\x00' + b'(' * 16,
        b'\x93NUMPY\x03\x00' + bytes(20),
        b'\x93NUMPY\x02\x00\xff\xff\xff\xff{',
        b'',
    ],
)
def test_headers_of_arrays_that_lie(tmp_path, rotations):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    repacked(path, rotations=rotations)
    assert 'rotations' in refusal(path)
    (tmp_path / 'x.npy').write_bytes(rotations)
    refusal(tmp_path / 'x.npy', read_npy)


def marked(path, offset: int, value: int) -> None:
    """Set a number of two bytes in every header of a zip file, counted from its flags on."""
    data = bytearray(path.read_bytes())
    for start, first in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
        place = data.find(start)
        while place >= 0:
            data[place + first + offset : place + first + offset + 2] = value.to_bytes(2, 'little')
            place = data.find(start, place + 4)
    path.write_bytes(data)


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_an_npz_in_an_unknown_compression(tmp_path, method):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    if method == 99:
        marked(path, 2, method)
    else:
        repacked(path, method)
    assert 'compressed' in refusal(path)


def test_an_encrypted_npz(tmp_path):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    marked(path, 0, 1)
    assert 'encrypted' in refusal(path)


def test_an_npz_that_unpacks_to_gigabytes(tmp_path):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    old = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != 'rotations.npy':
                new.writestr(name, old.read(name))
        with new.open('rotations.npy', 'w') as file:
            file.write(header((2 * 10**7, 1, 3)))
            for _ in range(24):
                file.write(bytes(10**7))
    assert path.stat().st_size < 300_000
    assert 'declares 240 MB' in refusal(path)


@pytest.mark.parametrize('last', ['again', 'name0'])
def test_motions_of_very_many_names(tmp_path, last):
    names = np.array([f'name{index}' for index in range(19_999)] + [last])
    np.savez(tmp_path / 'x.npz', **fields(weight_names=names, weights=np.zeros((5, 20_000), 'f4')))
    assert f'at most {MOST_NAMES}' in refusal(tmp_path / 'x.npz')


def test_a_still_motion_of_an_hour_is_no_bomb(tmp_path):
    write_npz(tmp_path / 'still.npz', moving(54_000))
    assert (tmp_path / 'still.npz').stat().st_size < 100_000
    assert len(read_motion(tmp_path / 'still.npz')) == 54_000
