"""motion.npz files, whole and damaged."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion_files import read_npz, write_npz
from tests.support.motions import moving


@pytest.mark.parametrize('format_', [BEAT, SHOW], ids=lambda format_: format_.name)
@pytest.mark.parametrize('frames', [0, 1, 30])
def test_npz_comes_back_as_it_was(tmp_path, format_, frames):
    motion = moving(format_, frames, start_frame=11)
    write_npz(tmp_path / 'motion.npz', motion)
    again = read_npz(tmp_path / 'motion.npz')
    assert (again.fps, again.start_frame) == (motion.fps, 11)
    assert again.joint_names == motion.joint_names
    assert again.weight_names == motion.weight_names
    assert np.array_equal(again.rotations, motion.rotations)
    assert np.array_equal(again.weights, motion.weights)
    assert again.rotations.dtype == again.weights.dtype == np.float32
    write_npz(tmp_path / 'again.npz', again)
    assert (tmp_path / 'again.npz').read_bytes() == (tmp_path / 'motion.npz').read_bytes()


def test_npz_of_no_use(tmp_path):
    write_npz(tmp_path / 'good.npz', moving())
    whole = (tmp_path / 'good.npz').read_bytes()
    with pytest.raises(InputError, match=r'cannot read .*absent\.npz: No such file'):
        read_npz(tmp_path / 'absent.npz')
    for name, content in [
        ('empty', b''),
        ('text', b'not an archive'),
        ('cut', whole[: len(whole) // 2]),
        ('spoilt', whole[:300] + bytes(400) + whole[700:]),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f'{name} is not a readable npz'):
            read_npz(tmp_path / name)
    np.save(tmp_path / 'one.npy', np.zeros(3))
    with pytest.raises(InputError, match='is not'):
        read_npz(tmp_path / 'one.npy')
    np.savez(tmp_path / 'other.npz', fps=15.0, rotations=np.zeros((2, 1, 3)))
    with pytest.raises(InputError, match='has no joint_names, weight_names, weights, start_frame'):
        read_npz(tmp_path / 'other.npz')
    fields = dict(np.load(tmp_path / 'good.npz'))
    np.savez(tmp_path / 'short.npz', **{**fields, 'weights': fields['weights'][:5]})
    with pytest.raises(InputError, match=r'short\.npz is not a motion file: .*shape'):
        read_npz(tmp_path / 'short.npz')
    np.savez(tmp_path / 'pickled.npz', **{**fields, 'joint_names': np.array([{}], dtype=object)})
    with pytest.raises(InputError, match=r'pickled\.npz is not a readable npz'):
        read_npz(tmp_path / 'pickled.npz')
