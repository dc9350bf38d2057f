"""The auto-encoder behind Frechet distances, on made motion."""

import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.data.shards import open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.autoencoder import (
    MotionAutoencoder,
    check_format,
    load_autoencoder,
)
from diffsheg_model.evaluation.frechet.training import AutoencoderOptions, train_autoencoder
from diffsheg_model.evaluation.frechet.windows import cut_windows
from diffsheg_model.motion.formats import SHOW

SMALL = {'latent_dim': 4, 'hidden_dim': 16, 'batch_size': 32, 'learning_rate': 3e-3}


@pytest.fixture(scope='module')
def trained(shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp('autoencoder') / 'gesture'
    options = AutoencoderOptions(
        'gesture', max_steps=400, max_minutes=0, stride=5, progress_bar=False, **SMALL
    )
    return train_autoencoder([shards], folder, options), folder


def encode(autoencoder, motion, valid=None):
    protocol = autoencoder.protocol
    windows = cut_windows(motion, protocol.window_frames, protocol.stride)
    return autoencoder.encode(windows, np.ones(192, bool) if valid is None else valid)


def test_reconstruction_beats_the_mean(trained):
    autoencoder, _ = trained
    protocol = autoencoder.protocol
    assert protocol.unexplained < 0.6, 'on a take that it was not trained on'
    assert (protocol.takes, protocol.windows, protocol.held_out_windows) == (2, 188, 94)
    assert 0 < protocol.steps <= 400
    assert protocol.distance == 'FGD'


def test_what_is_read_is_what_was_written(trained):
    autoencoder, folder = trained
    again = load_autoencoder(folder)
    assert again.id == autoencoder.id and len(again.id) == 8
    assert again.protocol == autoencoder.protocol
    windows = np.random.default_rng(0).normal(size=(5, 34, 192)).astype(np.float32)
    everything = np.ones(192, bool)
    np.testing.assert_array_equal(
        again.encode(windows, everything), autoencoder.encode(windows, everything)
    )
    assert again.encode(windows[:0], everything).shape == (0, 4)


def test_the_same_data_is_near_and_noise_is_far(trained, shards):
    from diffsheg_model.evaluation.frechet.distance import frechet_distance

    autoencoder, _ = trained
    takes = open_shards(shards).takes
    one, other = encode(autoencoder, takes[0].motion), encode(autoencoder, takes[1].motion)
    noise = np.random.default_rng(0).normal(size=takes[0].motion.shape).astype(np.float32)
    far = frechet_distance(one, encode(autoencoder, noise))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-3)
    assert frechet_distance(one, other) < far
    assert far > 0.1


def test_channels_that_do_not_count_change_nothing(trained):
    autoencoder, _ = trained
    windows = np.random.default_rng(0).normal(size=(3, 34, 192)).astype(np.float32)
    valid = np.ones(192, bool)
    valid[:30] = False
    changed = windows.copy()
    changed[:, :, :30] = np.nan
    changed[:, :, 100:] = 1e3  # still in training, or the face's
    np.testing.assert_array_equal(
        autoencoder.encode(windows, valid), autoencoder.encode(changed, valid)
    )


@pytest.mark.parametrize('frames', [8, 9, 34, 35, 88])
def test_windows_of_any_length(frames):
    network = MotionAutoencoder(6, frames, hidden_dim=4, latent_dim=3).eval()
    windows = torch.randn(2, frames, 6)
    assert network(windows).shape == windows.shape
    assert network.encode(windows).shape == (2, 3)


def test_bad_folders_are_refused(trained, tmp_path):
    import shutil

    autoencoder, folder = trained
    with pytest.raises(InputError, match='is not an auto-encoder: it has no autoencoder.json'):
        load_autoencoder(tmp_path)
    cut = shutil.copytree(folder, tmp_path / 'cut')
    data = (cut / 'weights.safetensors').read_bytes()
    (cut / 'weights.safetensors').write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match='weights.safetensors is not the file'):
        load_autoencoder(cut)
    (cut / 'autoencoder.json').write_text('{"version": 1}')
    with pytest.raises(InputError, match='is not the record of an auto-encoder'):
        load_autoencoder(cut)
    (cut / 'autoencoder.json').write_text('{')
    with pytest.raises(InputError, match='not JSON'):
        load_autoencoder(cut)
    changed = shutil.copytree(folder, tmp_path / 'changed')
    record = json.loads((changed / 'autoencoder.json').read_text())
    record['protocol']['hidden_dim'] = 8
    (changed / 'autoencoder.json').write_text(json.dumps(record))
    with pytest.raises(InputError, match='does not fit autoencoder.json'):
        load_autoencoder(changed)
    with pytest.raises(InputError, match='takes beat motion .* not show'):
        check_format(autoencoder, SHOW, folder)
