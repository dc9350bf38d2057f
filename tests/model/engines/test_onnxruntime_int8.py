"""Graphs with 8-bit products."""

import numpy as np
import pytest

from diffsheg_model.engines import create_engine
from tests.support.engine_inputs import inputs


def test_eight_bits_are_close_and_kept(tiny_bundle, tmp_path):
    pytest.importorskip('onnx')
    x, conditions = inputs(tiny_bundle)
    expected = create_engine('torch', tiny_bundle, threads=1).denoiser(conditions, [480])(x, 480)
    for _ in range(2):
        engine = create_engine(
            'onnxruntime', tiny_bundle, threads=1, precision='int8', cache=tmp_path
        )
        found = engine.denoiser(conditions, [480])(x, 480)
        error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
        assert 1e-6 < error < 0.1
        assert len(list(tmp_path.glob('*.plan'))) == 2
