"""Shards of motion for auto-encoders."""

import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.motion.formats import BEAT


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
