"""OpenVINO: compiled for full windows, and again with free axes for others."""

import numpy as np
import pytest

from diffsheg_model.engines import create_engine
from diffsheg_model.errors import InputError
from tests.support.engine_inputs import inputs

openvino = pytest.importorskip('openvino')


def test_what_it_compiles_is_kept_and_gives_the_same_bits(tiny_bundle, tmp_path):
    x, conditions = inputs(tiny_bundle)
    short, short_conditions = inputs(tiny_bundle, frames=5)
    found, kept = [], []
    for _ in range(2):
        engine = create_engine('openvino', tiny_bundle, threads=1, cache=tmp_path)
        full = engine.denoiser(conditions, [480])(x, 480)
        few = engine.denoiser(short_conditions, [480])(short, 480)
        found.append((full.copy(), few.copy()))
        kept.append(sorted(path.name for path in tmp_path.glob('*.plan')))
        engine.close()
    # The conditions; two branches for full windows, and for other shapes.
    assert kept[0] == kept[1] and len(kept[0]) == 5
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_bfloat16_is_close_or_refused_on_a_cpu_without_it(tiny_bundle, tmp_path):
    capabilities = openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
    if 'BF16' not in capabilities:
        with pytest.raises(InputError, match='does not compute in bfloat16'):
            create_engine('openvino', tiny_bundle, precision='bf16', cache=tmp_path)
        return
    x, conditions = inputs(tiny_bundle)
    exact = create_engine('openvino', tiny_bundle, cache=tmp_path)
    close = create_engine('openvino', tiny_bundle, precision='bf16', cache=tmp_path)
    expected = exact.denoiser(conditions, [480])(x, 480)
    error = np.linalg.norm(close.denoiser(conditions, [480])(x, 480) - expected)
    assert 0 < error < 0.05 * np.linalg.norm(expected)
