"""A small data set for training: jawOpen follows the loudness, an arm swings."""

import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.training.settings_file import load_settings
from diffsheg_model.training.windows import (
    MotionWindows,
    open_training_takes,
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


def tiny(*more):
    return load_settings('compact', None, [*TINY, *more])


def windows_of(settings, *roots, training=True):
    network = settings.bundle_config().network
    return MotionWindows(open_training_takes(roots, settings, network), settings, training)
