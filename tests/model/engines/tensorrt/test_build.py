"""Plans are built for real, without a GPU."""

import pytest

from diffsheg_model.errors import InputError

pytest.importorskip('tensorrt_rtx')
pytest.importorskip('cuda.core')
onnx = pytest.importorskip('onnx')
reference = pytest.importorskip('onnx.reference')

from diffsheg_model.engines.tensorrt.build import build_plan, graph_of, ranges_of
from diffsheg_model.engines.tensorrt.gpu import rtx_capability

PRECISIONS = ('fp32', 'fp16', 'bf16')


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


def test_a_plan_for_turing_is_built(tiny_bundle):
    """TensorRT for RTX's default plans do not run on Turing."""
    model, ranges = graph_of(tiny_bundle, 'call', 'fp16'), ranges_of(tiny_bundle.config)
    turing = rtx_capability('NVIDIA T4', (7, 5))
    plan, _ = build_plan(model, ranges, 'call', capability=turing)
    other, _ = build_plan(model, ranges, 'call')
    assert len(plan) > 10_000
    assert plan != other
