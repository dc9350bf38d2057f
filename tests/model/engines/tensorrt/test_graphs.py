"""Graphs prepared for TensorRT, computed on the CPU.

What TensorRT makes of a plan is proven on a GPU by `diffsheg selftest --engine tensorrt`.
"""

import numpy as np
import onnxruntime
import pytest

from diffsheg_model.bundle import BRANCHES, TABLES, Bundle
from diffsheg_model.engines import create_engine
from diffsheg_model.engines.comparison import TOLERANCES, reference_windows, relative_error
from diffsheg_model.engines.constant_folding import fold_constants
from diffsheg_model.engines.graph_engine import StepTables
from diffsheg_model.engines.onnxruntime_engine import load_graph

pytest.importorskip('tensorrt_rtx')
pytest.importorskip('cuda.core')
onnx = pytest.importorskip('onnx')
reference = pytest.importorskip('onnx.reference')

from diffsheg_model.engines.tensorrt.build import graph_of
from diffsheg_model.engines.tensorrt.graphs import retype
from diffsheg_model.engines.tensorrt.window import (
    STATE,
    Layout,
    window_inputs,
)


def run_window(bundle: Bundle, window: int, precision: str = 'fp32') -> np.ndarray:
    """Compute a window as the GPU does, by ONNX Runtime or, in 16 bits, by onnx's evaluator."""
    conditions, plan = reference_windows(bundle)[window]
    steps, rows = np.unique(plan.steps, return_inverse=True)
    tables = StepTables(lambda: load_graph(bundle.path / TABLES, 1))(steps, conditions.speaker)
    inputs = window_inputs(conditions, plan, tables, rows)
    layout = Layout.of(inputs)
    views = layout.views(np.zeros(layout.nbytes, np.uint8))
    for name, value in inputs.items():
        views[name][...] = value

    def session(graph: str):
        model = graph_of(bundle, graph, precision)
        names = [value.name for value in model.graph.input]
        outputs = [value.name for value in model.graph.output]
        if precision == 'fp32' or graph == 'conditions':
            loaded = onnxruntime.InferenceSession(model.SerializeToString())
        else:  # ONNX Runtime's CPU kernels would compute it in float32
            loaded = reference.ReferenceEvaluator(model)
        return lambda: dict(
            zip(outputs, loaded.run(outputs, {name: views[name] for name in names}), strict=True)
        )

    views.update(session('conditions')())
    call = session('call')
    for _ in range(len(plan)):
        made = call()
        for name in STATE:
            views[name][...] = made[f'{name}_next']
    assert views['call'] == len(plan)
    return views['x']


@pytest.mark.parametrize('window', [0, 1])
def test_the_call_repeated_generates_a_window_as_the_sampler_does(window, bundle):
    engine = create_engine('onnxruntime', bundle, threads=1)
    expected = engine.sample(*reference_windows(bundle)[window])
    engine.close()
    assert relative_error(run_window(bundle, window), expected) < 1e-5


@pytest.mark.parametrize('precision', ['fp16', 'bf16'])
def test_few_bits_are_within_their_tolerance(precision, bundle):
    expected = run_window(bundle, 1)
    error = relative_error(run_window(bundle, 1, precision), expected)
    assert 0 < error < TOLERANCES[precision]


@pytest.mark.parametrize('branch', BRANCHES)
@pytest.mark.parametrize('precision', ['fp16', 'bf16'])
def test_products_and_their_weights_are_in_few_bits_and_the_rest_is_not(precision, branch, bundle):
    kind = {'fp16': onnx.TensorProto.FLOAT16, 'bf16': onnx.TensorProto.BFLOAT16}[precision]
    model = retype(fold_constants(bundle.path / f'{branch}.onnx'), precision)
    onnx.checker.check_model(model, full_check=True)
    types = {
        value.name: value.type.tensor_type.elem_type
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    types.update({tensor.name: tensor.data_type for tensor in model.graph.initializer})
    products = [node for node in model.graph.node if node.op_type in ('MatMul', 'Gemm')]
    assert products
    for node in products:
        assert {types[name] for name in [*node.input, *node.output]} == {kind}
    for node in model.graph.node:
        if node.op_type in ('LayerNormalization', 'Softmax', 'ReduceMean'):
            assert {types.get(name, 1) for name in (node.input[0], node.output[0])} == {1}
    for value in [*model.graph.input, *model.graph.output]:
        assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
