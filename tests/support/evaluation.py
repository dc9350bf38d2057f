"""Recordings for evaluation."""

import json

import numpy as np
import pytest
import soundfile

from tests.support.bundles import speech_like

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('librosa')
from diffsheg_model.motion.formats import BEAT

JAW = BEAT.gesture_dim + BEAT.weight_names.index('jawOpen')
BLINK = BEAT.gesture_dim + BEAT.weight_names.index('eyeBlinkLeft')
ARM = 3 * BEAT.joint_names.index('RightArm')
SECONDS = 8.0


def make_recording(folder, seed=0, seconds=SECONDS, semantic=False, **card):
    """A mouth that opens with the sound and arms that swing."""
    random = np.random.default_rng(seed)
    samples = speech_like(seconds, seed=seed)
    samples[len(samples) // 2 :][:16000] = 0  # a pause
    frames = round(seconds * 15)
    time = np.arange(frames) / 15
    motion = 0.05 * np.sin(time[:, None] * random.uniform(1, 3, 192) + random.uniform(0, 6, 192))
    motion[:, ARM : ARM + 3] += 0.5 * np.sin(3 * time)[:, None]
    motion[:, 141:] = np.abs(motion[:, 141:])
    motion[:, JAW] = 0.6 * np.clip(np.sin(2 * np.pi * 2.5 * time), 0, 1)
    motion[:, BLINK : BLINK + 2] = (np.arange(frames) % 45 < 3)[:, None]
    folder.mkdir(parents=True)
    np.save(folder / 'motion.npy', motion.astype(np.float32))
    np.save(folder / 'mel.npy', np.zeros((frames, 128), np.float32))
    soundfile.write(folder / 'audio.wav', samples, 16000)
    if semantic:
        np.save(folder / 'semantic.npy', random.uniform(0, 1, frames).astype(np.float32))
    card = {'speaker': 1, 'fps': 15.0, 'source': 'made', 'licence': 'CC0', **card}
    (folder / 'take.json').write_text(json.dumps(card))


def make_recordings(root, takes=2, **options):
    names = [f'take{n}' for n in range(takes)]
    for n, name in enumerate(names):
        make_recording(root / name, seed=n, **options)
    (root / 'dataset.json').write_text(json.dumps({'format': 'beat', 'takes': names}))
    return root
