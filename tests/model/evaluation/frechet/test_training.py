"""Training of auto-encoders: the command, seeds, and errors for unusable data."""

import json
import logging

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.cli.main import main
from diffsheg_model.evaluation.frechet.autoencoder import (
    load_autoencoder,
)
from diffsheg_model.evaluation.frechet.training import AutoencoderOptions, train_autoencoder
from tests.support.moving_shards import moving_shards

SMALL = {'latent_dim': 4, 'hidden_dim': 16, 'batch_size': 32, 'learning_rate': 3e-3}
FLAGS = ['--latent-dim=4', '--hidden-dim=16', '--batch-size=32', '--learning-rate=3e-3']


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
