"""A synthetic FACEGOOD folder."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.data.recordings.facegood import COLUMNS, MAPPING
from tests.support.corpus import facegood_weights


@pytest.fixture()
def made_facegood(tmp_path: Path) -> Path:
    """A folder as FACEGOOD's, of noise bursts."""
    folder = tmp_path / 'facegood'
    folder.mkdir()
    rng = np.random.default_rng(0)
    known = sorted({column for shares in MAPPING.values() for column in shares})
    names = known + [f'other_{i}' for i in range(COLUMNS - len(known))]
    np.save(folder / 'blendshape_names.npy', np.array(names))
    for take in ('1114_2_01', '1114_2_05'):
        gate = np.repeat(rng.random(24) < 0.5, 8000)
        audio = (0.3 * rng.standard_normal(12 * 16000) * gate).astype(np.float32)
        soundfile.write(folder / f'{take}.wav', audio, 16000)
        np.save(folder / f'{take}.npy', facegood_weights(audio, names))
    return folder
