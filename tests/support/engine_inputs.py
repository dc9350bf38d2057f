"""Random inputs for engines."""

import numpy as np

from diffsheg_model.engines import Conditions


def inputs(bundle, batch=1, frames=34, seed=0):
    """Return motion (B, T, C) and conditions for a bundle."""
    random = np.random.default_rng(seed)
    sizes = bundle.config.network
    x = random.standard_normal((batch, frames, sizes.channels), dtype=np.float32)
    mel = random.uniform(0, 1, (batch, frames, sizes.mel_dim)).astype(np.float32)
    speaker = np.eye(sizes.num_speakers, dtype=np.float32)[np.arange(batch) % sizes.num_speakers]
    return x, Conditions(mel, None, speaker)
