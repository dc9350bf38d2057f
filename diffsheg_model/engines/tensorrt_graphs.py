"""The bundle's ONNX graphs as TensorRT takes them: in fewer bits, and with the sampler's update.

TensorRT's networks are strongly typed: the types in the graph are those that are computed with.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffsheg_model.errors import InputError

if TYPE_CHECKING:
    import onnx

PRECISIONS = ('fp32', 'fp16', 'bf16')

# Almost all arithmetic is in these. Everything else keeps float32, as under torch.autocast: sums
# over many values (LayerNorm, softmax) would lose digits in 16 bits, or overflow in fp16.
_IN_FEW_BITS = {'MatMul', 'Gemm'}

_INNER = 'step/'
_STATE = ('x', 'memory', 'call')


def load_graph(path: Path) -> 'onnx.ModelProto':
    """A graph with its weights.

    Raises:
        InputError: the file is missing or no graph.
    """
    import onnx
    import onnx.inliner

    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's and onnx's own, which derive from Exception only
        raise InputError(
            f'{path} cannot be read ({str(error).splitlines()[0]}); restore the bundle'
        ) from error
    return onnx.inliner.inline_local_functions(model) if model.functions else model


def retype(model: 'onnx.ModelProto', precision: str) -> 'onnx.ModelProto':
    """A float32 graph with its matrix products in `precision`.

    Inputs and outputs, and all between the products, stay float32. Weights are stored in the
    type that they are multiplied in.

    Args:
        model: the graph, with its weights.
        precision: one of PRECISIONS.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    result = onnx.ModelProto()
    result.CopyFrom(model)
    if precision == 'fp32':
        return result
    kind = {'fp16': TensorProto.FLOAT16, 'bf16': TensorProto.BFLOAT16}[precision]
    graph = result.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    retyped: set[str] = set()

    def casts(node: 'onnx.NodeProto') -> Iterator['onnx.NodeProto']:
        for index, name in enumerate(node.input):
            node.input[index] = few = f'{name}/{precision}'
            if name in weights and few not in retyped:
                value = numpy_helper.to_array(weights[name]).astype(
                    helper.tensor_dtype_to_np_dtype(kind)
                )
                graph.initializer.append(numpy_helper.from_array(value, few))
            elif few not in retyped:
                yield helper.make_node('Cast', [name], [few], name=few, to=kind)
            retyped.add(few)

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
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    # Those that the exporter left may name types of before.
    del graph.value_info[:]
    return result


def add_update(step: 'onnx.ModelProto') -> 'onnx.ModelProto':
    """The step graph as one call of a `Walk`, which ends with the motion of the next call.

    It finds what belongs to its call itself, so that a device repeats it without the host.

    Inputs, N calls with S different steps:
        call (1,) int64: which one this is.
        rows (N,) int64: the place of each call's step among the S.
        x, memory (B, T, C): as in `Walk`.
        clean (N, 2); x_gain, eps_gain, memory_gain (N, T, 1); offset (N, B, T, C): as in `Walk`.
        the step graph's other inputs, with the S steps as their first axis; guidance_scale as
        it is.
    Outputs:
        x_next, memory_next, call_next: what the next call takes.
    """
    from onnx import TensorProto, compose, helper

    inner = compose.add_prefix(step, _INNER)
    graph = inner.graph
    inputs = {value.name.removeprefix(_INNER): value for value in graph.input}
    batch, frames, channels = (
        dim.dim_value or dim.dim_param for dim in inputs['x'].type.tensor_type.shape.dim
    )
    batch, frames = batch.removeprefix(_INNER), frames.removeprefix(_INNER)
    motion = [batch, frames, channels]
    shapes: dict[str, list] = {
        'x': motion,
        'memory': motion,
        'rows': ['calls'],
        'call': [1],
        'clean': ['calls', 2],
        **{name: ['calls', frames, 1] for name in ('x_gain', 'eps_gain', 'memory_gain')},
        'offset': ['calls', *motion],
    }
    nodes = []

    def node(kind: str, *names: str, to: str, **attributes: Any) -> None:
        nodes.append(helper.make_node(kind, list(names), [to], name=f'update/{to}', **attributes))

    node('Squeeze', 'call', to='k')
    node('Gather', 'rows', 'k', to='row')
    for name, given in inputs.items():
        if name in ('x', 'guidance_scale'):
            node('Identity', name, to=_INNER + name)
        else:
            node('Gather', name, 'row', to=_INNER + name)
        dims = [dim.dim_value or dim.dim_param for dim in given.type.tensor_type.shape.dim]
        dims = [str(dim).removeprefix(_INNER) if isinstance(dim, str) else dim for dim in dims]
        shapes[name] = dims if name in ('x', 'guidance_scale') else ['steps', *dims]
    nodes.extend(graph.node)
    terms = []
    for gain, part in (('x_gain', 'x'), ('eps_gain', _INNER + 'eps'), ('memory_gain', 'memory')):
        node('Gather', gain, 'k', to=f'{gain}_k')
        node('Mul', f'{gain}_k', part, to=f'{gain}_term')
        terms.append(f'{gain}_term')
    node('Gather', 'offset', 'k', to='offset_k')
    node('Sum', *terms, 'offset_k', to='x_next')
    node('Gather', 'clean', 'k', to='clean_k')
    nodes.append(
        helper.make_node('Split', ['clean_k'], ['clean_x', 'clean_eps'], num_outputs=2, axis=0)
    )
    node('Mul', 'clean_x', 'x', to='clean_x_term')
    node('Mul', 'clean_eps', _INNER + 'eps', to='clean_eps_term')
    node('Add', 'clean_x_term', 'clean_eps_term', to='memory_next')
    graph.initializer.append(helper.make_tensor('one', TensorProto.INT64, [1], [1]))
    node('Add', 'call', 'one', to='call_next')

    def value(name: str, shape: list) -> 'onnx.ValueInfoProto':
        whole = name in ('rows', 'call', 'call_next')
        kind = TensorProto.INT64 if whole else TensorProto.FLOAT
        return helper.make_tensor_value_info(name, kind, shape)

    result = helper.make_graph(
        nodes,
        'call',
        [value(name, shape) for name, shape in shapes.items()],
        [value(f'{name}_next', shapes[name]) for name in _STATE],
        graph.initializer,
    )
    return helper.make_model(result, opset_imports=inner.opset_import, ir_version=inner.ir_version)
