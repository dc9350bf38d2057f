"""The bundle's ONNX graphs as TensorRT takes them: in fewer bits, and with the sampler's update.

TensorRT's networks are strongly typed: the types in the graph are those that are computed with.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from diffsheg_model.engines.tensorrt.window import STATE

if TYPE_CHECKING:
    import onnx

PRECISIONS = ('fp32', 'fp16', 'bf16')

# Almost all arithmetic is in these. Everything else keeps float32, as under torch.autocast: sums
# over many values (LayerNorm, softmax) would lose digits in 16 bits, or overflow in fp16.
_IN_FEW_BITS = {'MatMul', 'Gemm'}

Shape = list[int | str]
"""Of a tensor; a free axis is its name."""


def retype(model: 'onnx.ModelProto', precision: str) -> 'onnx.ModelProto':
    """A float32 graph with its matrix products in `precision`.

    Inputs and outputs, and all between the products, stay float32. Casts of weights are folded
    into the plan.

    Args:
        model: the graph, folded.
        precision: one of PRECISIONS.
    """
    import onnx
    from onnx import TensorProto, helper

    result = onnx.ModelProto()
    result.CopyFrom(model)
    if precision == 'fp32':
        return result
    kind = {'fp16': TensorProto.FLOAT16, 'bf16': TensorProto.BFLOAT16}[precision]
    graph = result.graph
    retyped: set[str] = set()

    def casts(node: 'onnx.NodeProto') -> Iterator['onnx.NodeProto']:
        for index, name in enumerate(node.input):
            node.input[index] = few = f'{name}/{precision}'
            if few not in retyped:
                retyped.add(few)
                yield helper.make_node('Cast', [name], [few], name=few, to=kind)

    nodes = list(graph.node)
    del graph.node[:]
    for node in nodes:
        if node.op_type not in _IN_FEW_BITS:
            graph.node.append(node)
            continue
        graph.node.extend(casts(node))
        output = node.output[0]
        node.output[0] = f'{output}/{precision}'
        retyped.add(node.output[0])  # a product of products needs no cast between
        graph.node.append(node)
        graph.node.append(
            helper.make_node(
                'Cast', [node.output[0]], [output], name=f'{output}/fp32', to=TensorProto.FLOAT
            )
        )
    # Those that the exporter left may name types of before.
    del graph.value_info[:]
    return result


def join_call(branches: Mapping[str, 'onnx.ModelProto']) -> 'onnx.ModelProto':
    """Both branches as one call of a `SamplingPlan`, which ends with the motion of the next call.

    It finds what belongs to its call itself, so that a device repeats it without the host.

    Inputs, N calls with S different steps:
        call (1,) int64: which one this is.
        rows (N,) int64: the place of each call's step among the S.
        x, memory (B, T, C): as in `SamplingPlan`.
        clean (N, 2); x_gain, eps_gain, memory_gain (N, T, 1); offset (N, B, T, C): likewise.
        levels (S, B, 2); of each branch its modulation, condition and statistics, of all S steps,
        by the names of `Tables` and `WindowConditions`; guidance_scale where the branches take it.
    Outputs:
        x_next, memory_next, call_next: what the next call takes.

    Args:
        branches: the graphs of 'gesture' and 'expression', in the order of their channels.
    """
    from onnx import TensorProto, compose, helper

    inputs: dict[str, Shape] = {}
    nodes: list[onnx.NodeProto] = []
    initialisers: list[onnx.TensorProto] = []

    def node(kind: str, sources: str, targets: str, **attributes: Any) -> None:
        nodes.append(helper.make_node(kind, sources.split(), targets.split(), **attributes))

    def constant(name: str, *values: int) -> None:
        initialisers.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))

    node('Squeeze', 'call', 'k')
    node('Gather', 'rows k', 'row')
    widths = [int(_inputs(model)['x'][-1]) for model in branches.values()]
    constant('widths', *widths)
    node('Split', 'x widths', ' '.join(f'{name}/x' for name in branches), axis=-1)
    # The one that hears the other comes second.
    order = sorted(branches, key=lambda name: 'other' in _inputs(branches[name]))
    for name in order:
        for source, shape in _inputs(branches[name]).items():
            target = f'{name}/{source}'
            if source == 'guidance_scale':
                inputs[source] = shape
                node('Identity', source, target)
            elif source == 'other':
                node('Identity', f'{order[0]}/clean', target)
            elif source != 'x':
                table = source if source == 'levels' else f'{name}_{source}'
                inputs[table] = ['steps', *shape]
                node('Gather', f'{table} row', target)
        inner = compose.add_prefix(branches[name], f'{name}/')
        nodes.extend(inner.graph.node)
        initialisers.extend(inner.graph.initializer)
    node('Concat', ' '.join(f'{name}/eps' for name in branches), 'eps', axis=-1)
    for gain, part in (('x_gain', 'x'), ('eps_gain', 'eps'), ('memory_gain', 'memory')):
        node('Gather', f'{gain} k', f'{gain}_k')
        node('Mul', f'{gain}_k {part}', f'{gain}_term')
    node('Gather', 'offset k', 'offset_k')
    node('Sum', 'x_gain_term eps_gain_term memory_gain_term offset_k', 'x_next')
    node('Gather', 'clean k', 'clean_k')
    node('Split', 'clean_k', 'clean_x clean_eps', num_outputs=2)
    node('Mul', 'clean_x x', 'clean_x_term')
    node('Mul', 'clean_eps eps', 'clean_eps_term')
    node('Add', 'clean_x_term clean_eps_term', 'memory_next')
    constant('one', 1)
    node('Add', 'call one', 'call_next')

    motion: Shape = ['batch', 'frames', sum(widths)]
    inputs |= {'x': motion, 'memory': motion, 'call': [1], 'rows': ['calls']}
    inputs |= {gain: ['calls', 'frames', 1] for gain in ('x_gain', 'eps_gain', 'memory_gain')}
    inputs |= {'clean': ['calls', 2], 'offset': ['calls', *motion]}

    def value(name: str, shape: Shape) -> 'onnx.ValueInfoProto':
        whole = name in ('rows', 'call', 'call_next')
        kind = TensorProto.INT64 if whole else TensorProto.FLOAT
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        nodes,
        'call',
        [value(name, shape) for name, shape in inputs.items()],
        [value(f'{name}_next', inputs[name]) for name in STATE],
        initialisers,
    )
    model = branches[order[0]]
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _inputs(model: 'onnx.ModelProto') -> dict[str, Shape]:
    """Shapes of a graph's inputs by name; free axes are names."""
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.input
    }
