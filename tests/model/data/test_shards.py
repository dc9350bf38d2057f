"""Shards that were damaged since they were written: found when they are opened, in one line."""

import json

import numpy as np
import pytest

from diffsheg_model.data.shard_writer import TakeInfo, write_index, write_take
from diffsheg_model.data.shards import open_shards, open_take
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT

INFO = TakeInfo(
    speaker=0, fps=15.0, source='made', licence='CC0', gesture_valid=True, face_valid=True,
    weight_mask=(True,) * 51,
)  # fmt: skip


@pytest.fixture
def shards(tmp_path):
    random = np.random.default_rng(0)
    samples = (0.1 * random.standard_normal(4 * 16000)).astype(np.float32)
    motion = random.random((60, BEAT.channels), np.float32)
    write_take(tmp_path / 'take', samples, motion, INFO, BEAT, np.ones(60, np.float32))
    write_index(tmp_path, ['take'], {}, BEAT)
    return tmp_path


def refusal(shards, **options):
    with pytest.raises(InputError) as caught:
        open_shards(shards, **options)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_what_was_written_is_read(shards):
    opened = open_shards(shards)
    (take,) = opened.takes
    assert isinstance(take.mel, np.memmap) and take.motion.shape == (60, 192)
    assert take.valid.all() and take.semantic.sum() == 60
    np.testing.assert_allclose(opened.mean, take.motion.mean(axis=0), atol=1e-6)
    assert set(json.loads((shards / 'take' / 'take.json').read_text())) == {
        'speaker', 'fps', 'source', 'licence', 'gesture_valid', 'face_valid', 'weight_mask',
    }  # fmt: skip


@pytest.mark.parametrize('name', ['take/mel.npy', 'take/motion.npy', 'take/semantic.npy'])
@pytest.mark.parametrize('kept', [0, 5, 60, 127, -1])
def test_a_cut_array_is_named(shards, name, kept):
    path = shards / name
    path.write_bytes(path.read_bytes()[:kept])
    message = refusal(shards)
    assert f'{path}: cut or corrupt' in message and 'prepare this take again' in message


def test_no_damage_to_a_header_gets_through_as_another_error(shards):
    """Every byte of a header, overwritten with bytes of all kinds."""
    path = shards / 'take' / 'motion.npy'
    whole = path.read_bytes()
    refused = 0
    for place in range(128):
        for byte in (0, ord('('), ord("'"), ord('9'), 0xFF):
            path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            try:
                open_take(shards / 'take', BEAT)
            except InputError as error:
                refused += 1
                assert '\n' not in str(error) and 'motion.npy' in str(error)
    assert refused > 300


@pytest.mark.parametrize('kept', [0, 10, 500, -20])
def test_cut_statistics_are_named(shards, kept):
    path = shards / 'stats.npz'
    path.write_bytes(path.read_bytes()[:kept])
    assert f'{path}: unusable statistics' in refusal(shards)


def test_statistics_that_are_an_array_are_named(shards):
    with (shards / 'stats.npz').open('wb') as file:
        np.save(file, np.zeros(192))
    assert 'unusable statistics' in refusal(shards)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'weight_mask': [True] * 50}, 'weight_mask holds 50 values, the format has 51'),
        ({'weight_mask': [[True], []]}, 'weight_mask must be a list of true and false'),
        ({'joint_mask': [True] * 46}, 'joint_mask holds 46 values, the format has 47'),
        ({'joint_mask': 7}, 'joint_mask must be a list'), ({'fps': 30}, 'fps = 30'),
        ({'speaker': True}, 'speaker = True'), ({'speaker': 'me'}, "speaker = 'me'"),
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_is_named(shards, changes, message):
    path = shards / 'take' / 'take.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    assert message in refusal(shards)


@pytest.mark.parametrize('name', ['dataset.json', 'take/take.json'])
@pytest.mark.parametrize('content', [b'', b'[]', b'{"takes"', b'\xff\xfe'])
def test_damaged_json_is_named(shards, name, content):
    (shards / name).write_bytes(content)
    assert str(shards / name) in refusal(shards)


def test_masks_of_joints_are_masks_of_channels(shards):
    path = shards / 'take' / 'take.json'
    mask = [True] * 47
    mask[2] = False
    path.write_text(json.dumps({**json.loads(path.read_text()), 'joint_mask': mask}))
    take = open_take(shards / 'take', BEAT)
    assert np.flatnonzero(~take.valid).tolist() == [6, 7, 8]
    assert not take.lacking.any(), 'what moves is plausible'


def test_speech_features_may_be_half_precision(shards):
    for dtype in (np.float16, np.float32):
        np.save(shards / 'take' / 'speech.npy', np.zeros((60, 8), dtype))
        assert open_shards(shards, speech_dim=8).takes[0].speech.dtype == dtype
    np.save(shards / 'take' / 'speech.npy', np.zeros((60, 8)))
    assert 'holds float64, not float16 or float32' in refusal(shards, speech_dim=8)


def test_statistics_of_damaged_takes_are_refused(shards):
    motion = np.load(shards / 'take' / 'motion.npy')
    motion[3, 4] = np.nan
    np.save(shards / 'take' / 'motion.npy', motion)
    with pytest.raises(InputError, match='take is damaged'):
        write_index(shards, ['take'], {}, BEAT)


def test_nothing_but_whole_takes_is_written(tmp_path):
    samples = np.zeros(64000, np.float32)
    good = np.zeros((60, 192), np.float32)
    for motion in (good[:50], good[:, :191], np.full_like(good, np.nan)):
        with pytest.raises(ValueError, match='take'):
            write_take(tmp_path / 'take', samples, motion, INFO, BEAT)
    assert list(tmp_path.iterdir()) == []
