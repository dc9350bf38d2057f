"""The auto-encoder behind Frechet distances, on made motion."""

import json
import logging

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')

from diffsheg_model.cli.main import main
from diffsheg_model.data.shards import open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.autoencoder import (
    MotionAutoencoder,
    check_format,
    load_autoencoder,
)
from diffsheg_model.evaluation.frechet.training import AutoencoderOptions, train_autoencoder
from diffsheg_model.evaluation.frechet.windows import cut_windows
from diffsheg_model.motion.formats import BEAT, SHOW

SMALL = {'latent_dim': 4, 'hidden_dim': 16, 'batch_size': 32, 'learning_rate': 3e-3}
FLAGS = ['--latent-dim=4', '--hidden-dim=16', '--batch-size=32', '--learning-rate=3e-3']


def moving_take(folder, frames=500, seed=0, **card):
    """Arms that swing in pairs and a mouth, each at a tempo of its own."""
    random = np.random.default_rng(seed)
    phases = np.cumsum(random.uniform(0.2, 0.5, (frames, 3)), axis=0)
    sources = np.sin(phases + random.uniform(0, 6, 3))
    mixing = np.random.default_rng(99).normal(size=(3, BEAT.channels))
    mixing[:, 100:141] = 0  # some joints never move
    motion = (sources @ mixing).astype(np.float32)
    folder.mkdir(parents=True)
    np.save(folder / 'motion.npy', motion)
    np.save(folder / 'mel.npy', np.zeros((frames, 128), np.float32))
    card = {'speaker': 0, 'fps': 15.0, 'source': 'made', 'licence': 'CC0', **card}
    (folder / 'take.json').write_text(json.dumps(card))


def moving_shards(root, takes=3, **card):
    names = [f'take{n}' for n in range(takes)]
    for n, name in enumerate(names):
        moving_take(root / name, seed=n, **card)
    (root / 'dataset.json').write_text(json.dumps({'format': 'beat', 'takes': names}))
    return root


@pytest.fixture(scope='module')
def shards(tmp_path_factory):
    return moving_shards(tmp_path_factory.mktemp('shards') / 'made')


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


def test_windows_are_cut_in_order():
    frames = np.arange(20, dtype=np.float32)[:, None].repeat(2, axis=1)
    windows = cut_windows(frames, 8, 5)
    assert windows.shape == (3, 8, 2)
    assert windows[1, :, 0].tolist() == list(range(5, 13))
    assert cut_windows(frames[:7], 8, 5).shape == (0, 8, 2)


def test_the_command(shards, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    folder = tmp_path / 'all'
    arguments = ['--data', str(shards), '-o', str(folder), '--channels=all', '--max-steps=3']
    assert main(['train-autoencoder', *arguments, *FLAGS]) == 0
    autoencoder = load_autoencoder(folder)
    assert f'auto-encoder {autoencoder.id} (FMD)' in caplog.text
    assert autoencoder.protocol.steps == 3
    record = json.loads((folder / 'autoencoder.json').read_text())
    assert len(record['protocol']['data_sha256']) == 64
    assert record['protocol']['format']['name'] == 'beat'


def test_the_seed_decides(shards, tmp_path):
    def run(name, seed):
        options = AutoencoderOptions(
            'expression', max_steps=3, seed=seed, progress_bar=False, **SMALL
        )
        return train_autoencoder([shards], tmp_path / name, options).id

    first = run('a', 1)
    assert run('a', 1) == first
    assert run('b', 2) != first


def fails(capsys, *arguments):
    """The one line that a command fails with."""
    assert main(['train-autoencoder', *map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and error.count('\n') == 1
    return error


def test_bad_data_is_one_line(shards, tmp_path, capsys):
    out = ['-o', tmp_path / 'out', '--channels=gesture']
    assert 'dataset.json' in fails(capsys, '--data', tmp_path / 'none', *out)
    assert 'too little data' in fails(capsys, '--data', shards, '--latent-dim=32', *out)
    assert 'latent_dim = 0' in fails(capsys, '--data', shards, '--latent-dim=0', *out)
    wrong = fails(capsys, '--data', shards, '-o', tmp_path / 'out', '--channels=hands')
    assert 'hands' in wrong
    no_body = moving_shards(tmp_path / 'faces', gesture_valid=False)
    assert 'none of the 3 takes has valid gesture' in fails(capsys, '--data', no_body, *out)
    broken = moving_shards(tmp_path / 'broken')
    motion = np.load(broken / 'take1' / 'motion.npy')
    motion[7, 3] = np.nan
    np.save(broken / 'take1' / 'motion.npy', motion)
    assert 'NaN or infinity in channel 3' in fails(capsys, '--data', broken, *out)
    assert not (tmp_path / 'out').exists()
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'thesis.txt').write_text('precious')
    mine = ['-o', tmp_path / 'mine', '--channels=gesture']
    assert 'holds other files' in fails(capsys, '--data', shards, *mine)
    assert (tmp_path / 'mine' / 'thesis.txt').exists()


def test_bad_folders_are_refused(trained, tmp_path):
    import shutil

    autoencoder, folder = trained
    with pytest.raises(InputError, match='is no auto-encoder: it has no autoencoder.json'):
        load_autoencoder(tmp_path)
    cut = shutil.copytree(folder, tmp_path / 'cut')
    data = (cut / 'weights.safetensors').read_bytes()
    (cut / 'weights.safetensors').write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match='weights.safetensors is not the file'):
        load_autoencoder(cut)
    (cut / 'autoencoder.json').write_text('{"version": 1}')
    with pytest.raises(InputError, match='is no record of an auto-encoder'):
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
