"""Takes for evaluation."""

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('librosa')
from diffsheg_model.evaluation.takes import open_takes
from tests.support.evaluation import make_recordings


def test_takes_are_spread_and_cut(tiny_bundle, tmp_path):
    root = make_recordings(tmp_path / 'five', takes=5, seconds=2.0)
    data = open_takes(root, tiny_bundle, max_takes=3, max_seconds=1.0)
    assert [take.name for take in data.takes] == ['take0', 'take2', 'take4']
    assert [len(take) for take in data.takes] == [15, 15, 15] and data.frames == 45
    assert all(len(take.samples) == 16000 and take.speaker == 1 for take in data.takes)
    assert open_takes(root, tiny_bundle).digest != data.digest
