"""Training runs on a small data set: jawOpen follows the loudness, an arm swings."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.support.paths import ROOT

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.bundle import load_bundle
from diffsheg_model.cli.main import main
from diffsheg_model.engines import Conditions, create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.training.settings_file import load_settings
from diffsheg_model.training.train import train_model
from diffsheg_model.training.windows import (
    DataRoot,
)
from tests.support.training import BROW, JAW, TINY, make_shards, tiny


def scalars(run, tag):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(run / 'tensorboard'))
    log.Reload()
    return [event.value for event in log.Scalars(tag)]


@pytest.fixture(scope='module')
def finished(shards, tmp_path_factory):
    """A run of 60 steps, with validation."""
    run = tmp_path_factory.mktemp('run') / 'run'
    settings = tiny('run.max_steps=60', 'run.validate_every=30', 'optimiser.ema_decay=0.9')
    train_model(settings, [DataRoot(shards)], run, [DataRoot(shards)])
    return run


def test_the_loss_goes_down(finished):
    loss = scalars(finished, 'train/epsilon')
    assert len(loss) == 60
    assert np.mean(loss[-10:]) < 0.8 * np.mean(loss[:5])
    assert scalars(finished, 'val/epsilon')[-1] < loss[0]
    assert -1 <= scalars(finished, 'val/jaw_r')[-1] <= 1


def test_the_bundle_runs_in_onnxruntime(finished):
    bundle = load_bundle(finished / 'bundle')
    assert bundle.config.features.mel_transform == 'log'
    assert bundle.config.provenance == '3 takes: CC0'
    assert bundle.config.network.num_speakers == 30
    assert bundle.mean[JAW] == pytest.approx(0.25, abs=0.1)
    still = np.delete(bundle.std, [*range(9), JAW, BROW])
    assert (still == 0).all(), 'what never moves stays at its mean'
    engine = create_engine('onnxruntime', bundle, 1)
    random = np.random.default_rng(0)
    conditions = Conditions(
        mel=random.random((1, 34, 128), np.float32),
        speech=None,
        speaker=np.eye(30, dtype=np.float32)[:1],
        guidance_scale=1.0,
    )
    denoise = engine.denoiser(conditions, [480])
    noisy = random.standard_normal((1, 34, 192), np.float32)
    noise = denoise(noisy, 480)
    assert noise.shape == (1, 34, 192) and np.isfinite(noise).all()
    # Gesture channels that never move: what they hold does not reach the others.
    noisy[:, :, 9:141] = 1000
    others = np.r_[0:9, 141:192]
    np.testing.assert_array_equal(denoise(noisy, 480)[:, :, others], noise[:, :, others])
    engine.close()
    assert noise.std(axis=(0, 1))[:9].min() > 0


def test_the_bundle_holds_the_average(finished):
    checkpoint = torch.load(
        next((finished / 'checkpoints').glob('*60.ckpt')), map_location='cpu', weights_only=True
    )
    tensors = load_bundle(finished / 'bundle').tensors()
    name = 'encoder_exp.out.weight'
    averaged = checkpoint['state_dict'][f'network.{name}'].numpy()
    np.testing.assert_allclose(tensors[name].astype(np.float32), averaged, atol=1e-3)


def test_a_run_goes_on_where_it_stopped(shards, tmp_path):
    run = tmp_path / 'run'
    train_model(tiny('run.max_steps=4'), [DataRoot(shards)], run)
    with pytest.raises(InputError, match='holds a run already.*--resume'):
        train_model(tiny('run.max_steps=8'), [DataRoot(shards)], run)
    # A checkpoint that was cut while being written is passed over.
    (run / 'checkpoints' / '999999999.ckpt').write_bytes(b'PK\x03\x04 cut')
    train_model(tiny('run.max_steps=8'), [DataRoot(shards)], run, resume=True)
    assert (run / 'checkpoints' / '000000008.ckpt').is_file()
    assert len(scalars(run, 'train/loss')) == 8


def test_resuming_with_another_network_is_refused(shards, finished):
    settings = tiny('run.max_steps=61', 'network.latent_dim=48')
    with pytest.raises(InputError, match='is of another network.*settings.yaml'):
        train_model(settings, [DataRoot(shards)], finished, resume=True)


def test_a_run_out_of_time_still_ends_in_a_bundle(shards, tmp_path):
    settings = tiny('run.max_minutes=0.002')
    bundle = train_model(settings, [DataRoot(shards)], tmp_path / 'run')
    assert load_bundle(bundle).config.format == BEAT


def test_fine_tuning_keeps_network_features_and_statistics(finished, tmp_path):
    new = make_shards(tmp_path / 'new', takes=1, speaker=2)
    # No step of any size: what comes out is what went in.
    settings = load_settings(
        'compact',
        None,
        ['run.max_minutes=0', 'run.max_steps=1', 'run.progress_bar=false', 'run.threads=1']
        + ['optimiser.learning_rate=1e-12', 'features.mel_transform=power'],
    )
    origin = load_bundle(finished / 'bundle')
    path = train_model(settings, [DataRoot(new)], tmp_path / 'run', init_from=finished / 'bundle')
    tuned = load_bundle(path)
    assert tuned.config.network == origin.config.network
    assert tuned.config.features.mel_transform == 'log'
    np.testing.assert_array_equal(tuned.mean, origin.mean)
    for name, values in origin.tensors().items():
        np.testing.assert_allclose(tuned.tensors()[name], values, atol=1e-3, err_msg=name)


@pytest.mark.parametrize(
    ('learns', 'moves'), [('gesture', 'encoder_ges'), ('expression', 'encoder_exp')]
)
def test_one_branch_can_learn_alone(learns, moves, finished, shards, tmp_path):
    settings = tiny('run.max_steps=5', f'optimiser.learns={learns}', 'optimiser.ema_decay=0')
    before = load_bundle(finished / 'bundle')
    train_model(settings, [DataRoot(shards)], tmp_path / 'run', init_from=before.path)
    after = load_bundle(tmp_path / 'run' / 'bundle').tensors()
    changed = {n.split('.')[0] for n, v in before.tensors().items() if (after[n] != v).any()}
    assert changed == {moves}


def test_a_run_needs_an_end(tmp_path):
    with pytest.raises(InputError, match='run has no end'):
        train_model(tiny(), [], tmp_path / 'run')


def test_a_settings_file_goes_over_the_preset_and_is_kept(shards, tmp_path):
    mine = tmp_path / 'mine.yaml'
    mine.write_text('optimiser: {learning_rate: 0.004}\nrun: {seed: 7}\n')
    settings = load_settings('compact', mine, [*TINY, 'run.seed=8', 'run.max_steps=1'])
    assert settings.optimiser.learning_rate == 0.004 and settings.run.seed == 8
    train_model(settings, [DataRoot(shards)], tmp_path / 'run')
    assert load_settings('beat', tmp_path / 'run' / 'settings.yaml') == settings


def test_the_command(shards, tmp_path, capsys, caplog):
    caplog.set_level(logging.INFO)
    options = ['--preset', 'compact', '--data', str(shards), '-o', str(tmp_path / 'run')]
    options += [f'--set={value}' for value in (*TINY, 'run.max_steps=2')]
    assert main(['train', *options]) == 0
    assert load_bundle(tmp_path / 'run' / 'bundle').config.name == 'compact'
    assert main(['train', *options]) == 2
    assert 'error: ' in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes(shards, tmp_path):
    values = (*TINY, 'run.max_steps=6', 'run.devices=2', 'run.strategy=ddp')
    options = ['--data', str(shards), '-o', str(tmp_path / 'run')]
    options += [f'--set={value}' for value in values]
    done = subprocess.run(
        [sys.executable, '-m', 'diffsheg_model.cli.main', 'train', *options],
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert len(scalars(tmp_path / 'run', 'train/loss')) == 6
    assert load_bundle(tmp_path / 'run' / 'bundle').config.format == BEAT
