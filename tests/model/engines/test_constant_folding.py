"""Folded graphs compute the same, with plain weights in their products."""

import numpy as np
import onnxruntime
import pytest

from diffsheg_model.bundle import BRANCHES, CONDITIONS
from diffsheg_model.engines.constant_folding import fold_constants
from diffsheg_model.errors import InputError

pytest.importorskip('onnx')


def run(graph) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(graph, providers=['CPUExecutionProvider'])
    random = np.random.default_rng(1)
    inputs = {}
    for value in session.get_inputs():
        shape = [size if isinstance(size, int) else 2 for size in value.shape]
        inputs[value.name] = random.standard_normal(shape).astype(np.float32)
    return session.run(None, inputs)


@pytest.mark.parametrize('branch', BRANCHES)
def test_weights_are_plain_and_the_numbers_are_the_same(branch, tiny_bundle):
    path = tiny_bundle.path / f'{branch}.onnx'
    model = fold_constants(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    products = [node for node in model.graph.node if node.op_type in ('MatMul', 'Gemm')]
    assert any(node.input[1] in weights for node in products)
    made = {name for node in model.graph.node if set(node.input) <= weights for name in node.output}
    assert not made & {name for node in products for name in node.input}
    for found, expected in zip(run(model.SerializeToString()), run(str(path)), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_broken_graph_is_one_line(tmp_path):
    (tmp_path / CONDITIONS).write_bytes(b'no graph')
    with pytest.raises(InputError, match='onnxruntime cannot load') as caught:
        fold_constants(tmp_path / CONDITIONS)
    assert '\n' not in str(caught.value)
