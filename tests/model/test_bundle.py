"""Bundles: written whole, read checked, refused in one line."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import safetensors.numpy

from diffsheg_model.bundle import MANIFEST, TABLES, WEIGHTS, load_bundle
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.network.save_bundle import save_bundle


def test_what_is_saved_is_loaded(tiny_bundle, tmp_path):
    copy = shutil.copytree(tiny_bundle.path, tmp_path / 'moved')
    loaded = load_bundle(copy)
    assert loaded.config == tiny_bundle.config
    assert loaded.digest == tiny_bundle.digest
    assert loaded.skeleton.names == human('beat').names
    np.testing.assert_array_equal(loaded.mean, tiny_bundle.mean)


def test_weights_are_stored_once(tiny_bundle):
    graph = (tiny_bundle.path / TABLES).stat().st_size
    names = tiny_bundle.tensors().keys()
    assert 'encoder_ges.out.weight' in names
    assert not any(name.startswith('stats.') for name in names)
    assert graph < 200_000


def test_normalising_and_back(tiny_bundle):
    channels = tiny_bundle.config.format.channels
    x = np.random.default_rng(0).standard_normal((5, channels)).astype(np.float32)
    still = dataclasses.replace(tiny_bundle, std=np.where(np.arange(channels) == 7, 2e-8, 0.5))
    physical = x * still.std + still.mean
    again = still.normalise(physical)
    assert again[:, 7].tolist() == [0] * 5
    np.testing.assert_allclose(np.delete(again, 7, 1), np.delete(x, 7, 1), atol=1e-5)
    motion = still.denormalise(100 * x)
    assert motion.weights.min() == 0
    assert motion.weights.max() == 1
    assert motion.rotations.shape == (5, 47, 3)


def remove(name):
    return lambda folder: (folder / name).unlink()


def cut(name):
    def damage(folder):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return damage


def foreign_weights(folder):
    safetensors.numpy.save_file({'w': np.zeros(3, np.float32)}, folder / WEIGHTS)


def edit_manifest(**changes):
    def damage(folder):
        manifest = json.loads((folder / MANIFEST).read_text())
        for path, value in changes.items():
            target = manifest
            *parents, last = path.split('__')
            for key in parents:
                target = target[key]
            target[last] = value
        (folder / MANIFEST).write_text(json.dumps(manifest))

    return damage


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (remove(MANIFEST), 'is not a bundle'),
        (remove(WEIGHTS), f'lacks {WEIGHTS}'),
        (remove(TABLES), f'lacks {TABLES}'),
        (cut(MANIFEST), 'cannot be read'),
        (cut(WEIGHTS), 'is not the file'),
        (cut(TABLES), 'is not the file'),
        (foreign_weights, 'is not the file'),
        (edit_manifest(version=7), 'bundle version 2'),
        (edit_manifest(config=[]), 'must be an object'),
        (
            edit_manifest(config__network__latent_dim='wide'),
            "network.latent_dim = 'wide': must be a whole number",
        ),
        (edit_manifest(config__network__gesture_dim=3), 'gesture_dim = 3'),
        (edit_manifest(config__colour='red'), "unknown field 'colour'"),
        (edit_manifest(files={}), 'must name the digests'),
        (edit_manifest(skeleton=None), 'skeleton'),
    ],
)
def test_damaged_bundles_are_refused_in_one_line(damage, message, tiny_bundle, tmp_path):
    folder = shutil.copytree(tiny_bundle.path, tmp_path / 'bundle')
    damage(folder)
    with pytest.raises(InputError, match=message) as caught:
        load_bundle(folder)
    assert '\n' not in str(caught.value)


def test_weights_that_do_not_fit_leave_the_old_bundle(tiny_bundle, tmp_path):
    folder = shutil.copytree(tiny_bundle.path, tmp_path / 'bundle')
    state = tiny_bundle.tensors()
    del state['encoder_ges.out.bias']
    with pytest.raises(InputError, match='1 missing: encoder_ges.out.bias'):
        save_bundle(
            folder,
            tiny_bundle.config,
            state,
            tiny_bundle.mean,
            tiny_bundle.std,
            tiny_bundle.skeleton,
        )
    assert load_bundle(folder).digest == tiny_bundle.digest
    assert [path.name for path in tmp_path.iterdir()] == ['bundle']


def test_a_failure_leaves_the_old_file_and_no_rest(tmp_path):
    target = tmp_path / 'file.txt'
    target.write_text('old')

    def fail_half_way():
        with atomic_path(target) as path:
            path.write_text('half')
            raise RuntimeError('power cut')

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_text() == 'old'
    with atomic_path(target) as path:
        path.write_text('new')
    assert target.read_text() == 'new'
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('')
    with (
        pytest.raises(InputError, match='choose a writable folder'),
        atomic_path(tmp_path / 'file' / 'below'),
    ):
        pass
