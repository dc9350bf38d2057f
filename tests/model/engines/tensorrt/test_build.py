"""Plans are built for real, without a GPU; what they are built from is computed on the CPU.

What TensorRT makes of a plan is proven on a GPU by `diffsheg selftest --engine tensorrt`.
"""

import numpy as np
import onnxruntime
import pytest

from diffsheg_model.bundle import BRANCHES, TABLES, Bundle
from diffsheg_model.engines import create_engine
from diffsheg_model.engines.artifact_cache import ArtifactCache, ArtifactKey
from diffsheg_model.engines.comparison import TOLERANCES, reference_windows, relative_error
from diffsheg_model.engines.constant_folding import fold_constants
from diffsheg_model.engines.graph_engine import StepTables
from diffsheg_model.engines.onnxruntime_engine import load_graph
from diffsheg_model.errors import InputError

pytest.importorskip('tensorrt_rtx')
pytest.importorskip('cuda.core')
onnx = pytest.importorskip('onnx')
reference = pytest.importorskip('onnx.reference')

from diffsheg_model.engines.tensorrt.build import build_plan, graph_of, ranges_of
from diffsheg_model.engines.tensorrt.engine import _rows, load_plan
from diffsheg_model.engines.tensorrt.gpu import deserialise, rtx_capability
from diffsheg_model.engines.tensorrt.graphs import retype
from diffsheg_model.engines.tensorrt.window import (
    ALIGNMENT,
    STATE,
    Layout,
    window_inputs,
)

PRECISIONS = ('fp32', 'fp16', 'bf16')


@pytest.fixture(scope='module', params=['beat', 'show'])
def bundle(request) -> Bundle:
    return request.getfixturevalue('tiny_bundle' if request.param == 'beat' else 'show_bundle')


def run_window(bundle: Bundle, window: int, precision: str = 'fp32') -> np.ndarray:
    """What the GPU is to do, done by ONNX Runtime or, in few bits, by onnx's own evaluator."""
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


@pytest.mark.parametrize(
    ('graph', 'precision'), [('conditions', 'fp32'), *(('call', name) for name in PRECISIONS)]
)
def test_plans_are_built(graph, precision, bundle):
    plan, timing = build_plan(graph_of(bundle, graph, precision), ranges_of(bundle.config), graph)
    assert len(plan) > 10_000
    assert timing == b''  # tensorrt_rtx times nothing


def test_what_tensorrt_cannot_parse_is_one_line(tiny_bundle):
    model = graph_of(tiny_bundle, 'conditions', 'fp32')
    model.graph.node[0].op_type = 'Pirouette'
    with pytest.raises(InputError, match=r'cannot parse the dance: .*Pirouette') as caught:
        build_plan(model, ranges_of(tiny_bundle.config), 'the dance')
    assert '\n' not in str(caught.value)


def test_what_tensorrt_cannot_build_is_one_line(tiny_bundle):
    ranges = ranges_of(tiny_bundle.config) | {'frames': (34, 1, 34)}  # the usual below the smallest
    with pytest.raises(InputError, match='cannot build the dance: ') as caught:
        build_plan(graph_of(tiny_bundle, 'conditions', 'fp32'), ranges, 'the dance')
    assert '\n' not in str(caught.value)


def test_a_foreign_plan_is_refused_in_one_line():
    with pytest.raises(InputError, match='refuses a plan: ') as caught:
        deserialise(b'no plan')
    assert '\n' not in str(caught.value)


def test_a_plan_that_is_refused_is_built_once_more(tmp_path, caplog):
    key = ArtifactKey('call', 'tensorrt_rtx', 'fp32', 'GPU', '1', 'bundle')
    cache = ArtifactCache(tmp_path / 'bundle', tmp_path)
    cache.store(key, b'a plan of another GPU')
    built = []

    def build() -> bytes:
        built.append(b'a plan for nobody')
        return built[-1]

    with pytest.raises(InputError, match='refuses a plan: '):
        load_plan(cache, key, build)
    assert len(built) == 1
    assert 'it is built again' in caplog.text


def test_a_plan_that_is_refused_when_it_is_new_is_neither_built_again_nor_kept(tmp_path):
    key = ArtifactKey('call', 'tensorrt_rtx', 'fp32', 'GPU', '1', 'bundle')
    cache = ArtifactCache(tmp_path / 'bundle', tmp_path)
    built = []

    def build() -> bytes:
        built.append(b'a plan for nobody')
        return built[-1]

    with pytest.raises(InputError, match='refuses a plan: '):
        load_plan(cache, key, build)
    assert len(built) == 1
    assert cache.load(key) is None


def test_gpus_that_tensorrt_rtx_does_not_know_are_refused_in_one_line():
    import tensorrt_rtx

    own = tensorrt_rtx.ComputeCapability
    assert rtx_capability('NVIDIA T4', (7, 5)) == own.SM75
    assert rtx_capability('NVIDIA L4', (8, 9)) == own.SM89
    assert rtx_capability('of next year', (13, 0)) is None
    for gpu, capability in (('NVIDIA V100', (7, 0)), ('NVIDIA H100', (9, 0))):
        with pytest.raises(InputError, match=f'does not run on {gpu} .*; pip install tensorrt$'):
            rtx_capability(gpu, capability)


def test_a_plan_for_turing_is_built(tiny_bundle):
    """What TensorRT for RTX builds when told nothing does not run there."""
    model, ranges = graph_of(tiny_bundle, 'call', 'fp16'), ranges_of(tiny_bundle.config)
    turing = rtx_capability('NVIDIA T4', (7, 5))
    plan, _ = build_plan(model, ranges, 'call', capability=turing)
    other, _ = build_plan(model, ranges, 'call')
    assert len(plan) > 10_000
    assert plan != other


def test_rows_of_a_batch_are_windows_of_their_own(tiny_bundle, tiny_engine):
    conditions, plan = reference_windows(tiny_bundle)[1]
    together = tiny_engine.sample(conditions, plan)
    for row in range(2):
        alone = tiny_engine.sample(*_rows(conditions, plan, slice(row, row + 1)))
        assert relative_error(alone[0], together[row]) < 1e-5


def _has_gpu() -> bool:
    from cuda.core import Device

    try:
        Device().set_current()
    except Exception:
        return False
    return True


@pytest.mark.skipif(_has_gpu(), reason='there is a GPU')
def test_without_a_gpu_the_engine_is_refused_in_one_line(tiny_bundle):
    with pytest.raises(InputError, match='engine tensorrt finds no NVIDIA GPU: ') as caught:
        create_engine('tensorrt', tiny_bundle)
    assert '\n' not in str(caught.value)


@pytest.mark.skipif(not _has_gpu(), reason='takes a GPU')
@pytest.mark.parametrize('precision', PRECISIONS)
def test_on_a_gpu_the_engine_agrees_with_onnxruntime(precision, bundle, tmp_path):
    """The engine compares itself and refuses to serve where it is too far off."""
    for _ in range(2):  # built, then loaded
        create_engine('tensorrt', bundle, 1, precision=precision, cache=tmp_path).close()


def test_tensors_lie_where_tensorrt_wants_them():
    tensors = {'a': np.ones((3, 5), np.float32), 'b': np.arange(2), 'c': np.ones(1, np.float32)}
    layout = Layout.of(tensors)
    assert all(offset % ALIGNMENT == 0 for offset in layout.offsets.values())
    memory = np.zeros(layout.nbytes, np.uint8)
    for name, view in layout.views(memory).items():
        view[...] = tensors[name]
    for name, view in layout.views(memory).items():  # nothing lies over another
        np.testing.assert_array_equal(view, tensors[name])
