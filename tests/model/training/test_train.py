"""Training on a small made data set: jawOpen follows the loudness, an arm swings."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.paths import ROOT

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')

from diffsheg_model.bundle import load_bundle
from diffsheg_model.cli.main import main
from diffsheg_model.engines import Conditions, create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.features.mel import transform_mel
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.training.mel_augment import augment_mel
from diffsheg_model.training.module import UniEGModule
from diffsheg_model.training.settings import BatchSettings
from diffsheg_model.training.settings_file import load_settings
from diffsheg_model.training.train import train_model
from diffsheg_model.training.windows import (
    DataRoot,
    MotionWindows,
    make_loader,
    open_corpus,
)

JAW = BEAT.gesture_dim + BEAT.weight_names.index('jawOpen')
BROW = BEAT.gesture_dim + BEAT.weight_names.index('browInnerUp')

TINY = (
    'network.latent_dim=32',
    'network.num_layers=1',
    'network.ff_dim=32',
    'network.embed_dim=32',
    'network.num_speakers=30',
    'network.speech_dim=0',
    'features.speech_encoder=none',
    'batches.batch_size=16',
    'optimiser.warmup_steps=5',
    'run.max_minutes=0',
    'run.threads=1',
    'run.log_every=1',
    'run.progress_bar=false',
)


def make_take(folder, frames=120, seed=0, channels=192, **card):
    random = np.random.default_rng(seed)
    loudness = np.clip(np.sin(np.arange(frames) / 3 + seed), 0, 1)
    mel = loudness[:, None] * random.uniform(0.01, 1, (frames, 128))
    motion = np.zeros((frames, channels), np.float32)
    motion[:, :9] = np.sin(np.arange(frames) / 5)[:, None]
    if channels == 192:
        motion[:, JAW] = 0.8 * loudness
        motion[:, BROW] = 0.3 + 0.1 * random.standard_normal(frames)
    folder.mkdir(parents=True)
    np.save(folder / 'mel.npy', mel.astype(np.float32))
    np.save(folder / 'motion.npy', motion)
    card = {'speaker': 0, 'fps': 15.0, 'source': 'made', 'licence': 'CC0', **card}
    (folder / 'take.json').write_text(json.dumps(card))


def make_shards(root, takes=3, format_='beat', channels=192, **card):
    names = [f'take{n}' for n in range(takes)]
    for n, name in enumerate(names):
        make_take(root / name, seed=n, channels=channels, **card)
    (root / 'dataset.json').write_text(json.dumps({'format': format_, 'takes': names}))
    return root


@pytest.fixture(scope='module')
def shards(tmp_path_factory):
    return make_shards(tmp_path_factory.mktemp('shards') / 'made')


def tiny(*more):
    return load_settings('compact', None, [*TINY, *more])


def windows_of(settings, *roots, training=True):
    network = settings.bundle_config().network
    return MotionWindows(open_corpus(roots, settings, network), settings, training)


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


def test_a_step_takes_place_on_one_device():
    """The device without memory refuses tensors of another, as a GPU does."""
    settings = tiny('run.stratified_steps=true')
    still = torch.zeros(BEAT.channels, dtype=torch.bool)
    module = UniEGModule(settings, settings.bundle_config().network, still).to('meta')
    module.on_train_start()
    sizes = {'motion': (4, 34, BEAT.channels), 'mel': (4, 34, 128), 'speaker': (4, 30)}
    sizes['mask'] = (4, BEAT.channels)
    batch = {name: torch.empty(shape, device='meta') for name, shape in sizes.items()}
    noise = torch.randn_like(batch['motion'])
    terms = module._terms(batch, module._draw_steps(4), noise, None)
    assert all(value.device.type == 'meta' for value in terms.values())
    assert module.sample(batch, noise).device.type == 'meta'


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


def test_nan_stops_with_step_batch_and_field(tmp_path):
    root = make_shards(tmp_path / 'shards', takes=1)
    mel = np.load(root / 'take0' / 'mel.npy')
    mel[60] = np.nan
    np.save(root / 'take0' / 'mel.npy', mel)
    with pytest.raises(InputError, match=r'step \d+, batch \d+: mel of .*take0 is not finite'):
        train_model(tiny('run.max_steps=5'), [DataRoot(root)], tmp_path / 'run')
    assert not (tmp_path / 'run' / 'bundle').exists()


def test_a_loss_that_explodes_names_its_term(shards, tmp_path):
    settings = tiny('run.max_steps=50', 'network.output=noise', 'loss.epsilon=3e38')
    with pytest.raises(InputError, match='loss .* lower optimiser.learning_rate'):
        train_model(settings, [DataRoot(shards)], tmp_path / 'run')


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


def test_data_of_another_format(tmp_path, shards):
    root = make_shards(tmp_path / 'show', takes=1, format_='show', channels=SHOW.channels)
    with pytest.raises(InputError, match='holds show motion .232 channels.* trains beat .192'):
        windows_of(tiny(), DataRoot(root))
    with pytest.raises(InputError, match='speaker 70 does not fit network.num_speakers = 30'):
        windows_of(tiny(), DataRoot(make_shards(tmp_path / 'speaker', takes=1, speaker=70)))


@pytest.mark.parametrize(
    ('name', 'damage', 'message'),
    [
        ('motion.npy', lambda p: p.write_bytes(p.read_bytes()[:3000]), 'cut or corrupt'),
        ('mel.npy', lambda p: p.unlink(), 'No such file'),
        ('mel.npy', lambda p: np.save(p, np.zeros((9, 128), np.float32)), r'expected \(120, 128'),
        ('motion.npy', lambda p: np.save(p, np.zeros((120, 192))), 'float64, not float32'),
        ('take.json', lambda p: p.write_text('{'), 'not JSON'),
        ('take.json', lambda p: p.write_text('{"fps": 30}'), 'fps = 30'),
        ('take.json', lambda p: p.write_text('{"speaker": "me"}'), "speaker = 'me'"),
        ('take.json', lambda p: p.write_text('{"weight_mask": [true]}'), 'weight_mask holds 1'),
        ('../dataset.json', lambda p: p.unlink(), 'diffsheg prepare'),
        ('../stats.npz', lambda p: p.write_bytes(b'nothing'), 'unusable statistics'),
    ],
)
def test_damaged_shards_are_named(tmp_path, name, damage, message):
    root = make_shards(tmp_path / 'shards', takes=1)
    damage(root / 'take0' / name)
    with pytest.raises(InputError, match=message) as caught:
        windows_of(tiny(), DataRoot(root))
    assert Path(name).name in str(caught.value)


def test_nothing_long_enough_or_moving(tmp_path):
    root = tmp_path / 'short'
    make_take(root / 'take0', frames=20)
    (root / 'dataset.json').write_text(json.dumps({'format': 'beat', 'takes': ['take0']}))
    with pytest.raises(InputError, match='no training window: 1 of 1 takes are shorter'):
        windows_of(tiny(), DataRoot(root))
    still = tiny('batches.still_threshold=10')
    with pytest.raises(InputError, match='hardly move'):
        windows_of(still, DataRoot(make_shards(tmp_path / 'still', takes=1)))


def test_a_batch_is_what_the_files_hold(shards):
    settings = tiny('batches.gain_db=0', 'batches.tilt_db=0', 'batches.noise_floor=0')
    windows = windows_of(settings, DataRoot(shards))
    assert len(windows) == 3 * (120 - 34 + 1)
    batch = windows.__getitems__([5, 100])
    corpus = open_corpus([DataRoot(shards)], settings, settings.bundle_config().network)
    motion = np.load(shards / 'take0' / 'motion.npy')
    mel = np.load(shards / 'take0' / 'mel.npy')
    assert batch['start'].tolist() == [5, 13] and batch['take'].tolist() == [0, 1]
    # Channels that never move have a deviation of 0, and are 0 themselves.
    denormalised = batch['motion'][0].numpy() * corpus.std + corpus.mean
    np.testing.assert_allclose(denormalised, motion[5:39], atol=1e-5)
    np.testing.assert_array_equal(batch['mel'][0], transform_mel(mel[5:39], 'log'))
    assert batch['speaker'][0].nonzero().flatten().tolist() == [0]
    assert batch['mask'].eq(1).all()
    next(iter(make_loader(windows, settings)))


def test_channels_that_a_take_lacks_come_from_others_and_are_masked(tmp_path):
    root = tmp_path / 'mixed'
    make_take(root / 'take0', seed=0, speaker=1)
    mask = [name == 'jawOpen' for name in BEAT.weight_names]
    make_take(root / 'take1', seed=1, gesture_valid=False, weight_mask=mask, speaker=-1)
    lacking = np.load(root / 'take1' / 'motion.npy')
    lacking[:, [channel for channel in range(192) if channel != JAW]] = np.nan
    np.save(root / 'take1' / 'motion.npy', lacking)
    (root / 'dataset.json').write_text(json.dumps({'format': 'beat', 'takes': ['take0', 'take1']}))
    windows = windows_of(tiny(), DataRoot(root))
    full, part = 3, 90
    batch = windows.__getitems__([full, part])
    assert batch['take'].tolist() == [0, 1]
    assert batch['mask'][1].nonzero().flatten().tolist() == [JAW]
    assert batch['mask'][0].eq(1).all()
    torch.testing.assert_close(batch['motion'][1, :, BROW], batch['motion'][0, :, BROW])
    assert not torch.equal(batch['motion'][1, :, JAW], batch['motion'][0, :, JAW])
    assert batch['speaker'][1].nonzero().flatten().tolist() == [1], 'a style that the data knows'
    # Alone in its batch nobody can lend: the mean.
    alone = windows.__getitems__([part])
    assert alone['motion'][0, :, BROW].eq(0).all() and torch.isfinite(alone['motion']).all()


def test_folder_weights_are_shares(tmp_path):
    big = make_shards(tmp_path / 'big', takes=4)
    small = make_shards(tmp_path / 'small', takes=1, speaker=1)
    roots = [DataRoot(big), DataRoot.parse(f'{small}:3')]
    assert roots[1] == DataRoot(small, 3.0)
    windows = windows_of(tiny('batches.epoch_windows=4000'), *roots)
    take = windows.takes[-1]
    assert take.path.parent == small
    from_small = np.array([n for n in range(len(windows)) if windows[n]['take'] == 4])
    assert windows.weights[from_small].sum() / windows.weights.sum() == pytest.approx(0.75)


def test_statistics_are_computed_over_valid_frames_and_guarded(shards):
    settings = tiny()
    corpus = open_corpus([DataRoot(shards)], settings, settings.bundle_config().network)
    motion = np.concatenate([np.load(shards / f'take{n}' / 'motion.npy') for n in range(3)])
    np.testing.assert_allclose(corpus.mean, motion.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        corpus.std, np.where(motion.std(axis=0) < 1e-3, 0, motion.std(axis=0)), rtol=1e-4
    )


def test_augmentation_changes_each_window_its_own_way():
    mel = np.full((2, 4, 128), 0.1, np.float32)
    settings = BatchSettings(gain_db=12, tilt_db=6)
    changed = augment_mel(mel, settings, np.random.default_rng(0))
    assert (mel == np.float32(0.1)).all(), 'the mapped file stays as it is'
    ratio = 10 * np.log10(changed / mel)
    assert np.abs(ratio).max() <= 15 + 1e-4
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(4, 1), atol=1e-4)
    assert np.abs(ratio[0] - ratio[1]).min() > 0.01
    noisy = augment_mel(mel * 0, BatchSettings(noise_floor=1e-3), np.random.default_rng(0))
    assert (noisy > 0).all() and noisy.max() < 0.05


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
