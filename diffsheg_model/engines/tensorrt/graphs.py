"""Preparation of a bundle's ONNX graphs for TensorRT: reduced precision and the sampler's update.

TensorRT's networks are strongly typed: it computes with the types that stand in the graph.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from diffsheg_model.engines.tensorrt.window import STATE

if TYPE_CHECKING:
    import onnx

PRECISIONS = ('fp32', 'fp16', 'bf16')

# Operators computed in reduced precision: they hold almost all arithmetic. The rest stays float32,
# as under torch.autocast: sums over many values (LayerNorm, softmax) would lose digits or overflow.
_REDUCED = {'MatMul', 'Gemm'}

Shape = list[int | str]
"""Shape of a tensor; a free axis is a name."""


def retype(model: 'onnx.ModelProto', precision: str) -> 'onnx.ModelProto':
    """Return a float32 graph with its matrix products in `precision`.

    Inputs, outputs and everything between the products stay float32. TensorRT folds casts of
    weights into the plan.

    Args:
        model: the graph, with its constants folded.
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
        if node.op_type not in _REDUCED:
            graph.node.append(node)
            continue
        graph.node.extend(casts(node))
        output = node.output[0]
        node.output[0] = f'{output}/{precision}'
        retyped.add(node.output[0])  # no cast between one product and the next
        graph.node.append(node)
        graph.node.append(
            helper.make_node(
                'Cast', [node.output[0]], [output], name=f'{output}/fp32', to=TensorProto.FLOAT
            )
        )
    # The exporter's value infos may state the types before this change.
    del graph.value_info[:]
    return result


def join_call(branches: Mapping[str, 'onnx.ModelProto']) -> 'onnx.ModelProto':
    """Return a graph of one call of a `SamplingPlan`: both branches and the update that follows.

    The graph looks up the gains and tables of its call itself, so that a device can repeat it
    without the host.

    Inputs, for N calls with S distinct steps:
        call (1,) int64: index of the call.
        rows (N,) int64: index of each call's step among the S.
        x, memory (B, T, C): as in `SamplingPlan`.
        clean (N, 2); x_gain, eps_gain, memory_gain (N, T, 1); offset (N, B, T, C): likewise.
        levels (S, B, 2). For each branch its modulation, condition and statistics for all S steps,
        with the names of `Tables` and `WindowConditions`. guidance_scale if the branches take it.
    Outputs:
        x_next, memory_next, call_next: inputs of the next call.

    Args:
        branches: the graphs of 'gesture' and 'expression', in the order of their channels.
    """
    from onnx import TensorProto, helper

    parts = _Parts()
    parts.node('Squeeze', 'call', 'k')
    parts.node('Gather', 'rows k', 'row')
    channels = _add_branches(parts, branches)
    _add_update(parts)
    motion: Shape = ['batch', 'frames', channels]
    inputs = parts.inputs | {'x': motion, 'memory': motion, 'call': [1], 'rows': ['calls']}
    inputs |= {gain: ['calls', 'frames', 1] for gain in ('x_gain', 'eps_gain', 'memory_gain')}
    inputs |= {'clean': ['calls', 2], 'offset': ['calls', *motion]}

    def value(name: str, shape: Shape) -> 'onnx.ValueInfoProto':
        whole = name in ('rows', 'call', 'call_next')
        kind = TensorProto.INT64 if whole else TensorProto.FLOAT
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        parts.nodes,
        'call',
        [value(name, shape) for name, shape in inputs.items()],
        [value(f'{name}_next', inputs[name]) for name in STATE],
        parts.initialisers,
    )
    model = next(iter(branches.values()))
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


class _Parts:
    """Parts of a graph under construction.

    Attributes:
        inputs: shapes of inputs by name.
        nodes, initialisers: as in an ONNX graph.
    """

    def __init__(self) -> None:
        self.inputs: dict[str, Shape] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []

    def node(self, kind: str, sources: str, targets: str, **attributes: Any) -> None:
        """Add a node; sources and targets are names separated by spaces."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, sources.split(), targets.split(), **attributes))

    def constant(self, name: str, *values: int) -> None:
        """Add a constant int64 vector."""
        from onnx import TensorProto, helper

        tensor = helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
        self.initialisers.append(tensor)


def _add_branches(parts: _Parts, branches: Mapping[str, 'onnx.ModelProto']) -> int:
    """Add the branches, which compute 'eps' from 'x' and the tables' 'row'; return the channels."""
    from onnx import compose

    widths = [int(_inputs(model)['x'][-1]) for model in branches.values()]
    parts.constant('widths', *widths)
    parts.node('Split', 'x widths', ' '.join(f'{name}/x' for name in branches), axis=-1)
    # The branch that takes the other's motion comes second.
    order = sorted(branches, key=lambda name: 'other' in _inputs(branches[name]))
    for name in order:
        for source, shape in _inputs(branches[name]).items():
            target = f'{name}/{source}'
            if source == 'guidance_scale':
                parts.inputs[source] = shape
                parts.node('Identity', source, target)
            elif source == 'other':
                parts.node('Identity', f'{order[0]}/clean', target)
            elif source != 'x':
                table = source if source == 'levels' else f'{name}_{source}'
                parts.inputs[table] = ['steps', *shape]
                parts.node('Gather', f'{table} row', target)
        inner = compose.add_prefix(branches[name], f'{name}/')
        parts.nodes.extend(inner.graph.node)
        parts.initialisers.extend(inner.graph.initializer)
    parts.node('Concat', ' '.join(f'{name}/eps' for name in branches), 'eps', axis=-1)
    return sum(widths)


def _add_update(parts: _Parts) -> None:
    """Add the linear update of call 'k', from 'x', 'eps' and 'memory' to the next call's inputs."""
    for gain, part in (('x_gain', 'x'), ('eps_gain', 'eps'), ('memory_gain', 'memory')):
        parts.node('Gather', f'{gain} k', f'{gain}_k')
        parts.node('Mul', f'{gain}_k {part}', f'{gain}_term')
    parts.node('Gather', 'offset k', 'offset_k')
    parts.node('Sum', 'x_gain_term eps_gain_term memory_gain_term offset_k', 'x_next')
    parts.node('Gather', 'clean k', 'clean_k')
    parts.node('Split', 'clean_k', 'clean_x clean_eps', num_outputs=2)
    parts.node('Mul', 'clean_x x', 'clean_x_term')
    parts.node('Mul', 'clean_eps eps', 'clean_eps_term')
    parts.node('Add', 'clean_x_term clean_eps_term', 'memory_next')
    parts.constant('one', 1)
    parts.node('Add', 'call one', 'call_next')


def _inputs(model: 'onnx.ModelProto') -> dict[str, Shape]:
    """Return the shapes of a graph's inputs by name; free axes are names."""
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.input
    }
