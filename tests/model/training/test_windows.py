"""Windows of takes: batches, masks, weights, statistics, and errors for unusable data."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.errors import InputError
from diffsheg_model.features.mel import transform_mel
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.training.windows import (
    DataRoot,
    make_loader,
    open_training_takes,
)
from tests.support.training import BROW, JAW, make_shards, make_take, tiny, windows_of


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
    opened = open_training_takes([DataRoot(shards)], settings, settings.bundle_config().network)
    motion = np.load(shards / 'take0' / 'motion.npy')
    mel = np.load(shards / 'take0' / 'mel.npy')
    assert batch['start'].tolist() == [5, 13] and batch['take'].tolist() == [0, 1]
    # Channels that never move have a deviation of 0, and are 0 themselves.
    denormalised = batch['motion'][0].numpy() * opened.std + opened.mean
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
    opened = open_training_takes([DataRoot(shards)], settings, settings.bundle_config().network)
    motion = np.concatenate([np.load(shards / f'take{n}' / 'motion.npy') for n in range(3)])
    np.testing.assert_allclose(opened.mean, motion.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        opened.std, np.where(motion.std(axis=0) < 1e-3, 0, motion.std(axis=0)), rtol=1e-4
    )
