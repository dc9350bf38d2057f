"""The export of the network as four ONNX graphs that refer to the bundle's weights.

The graphs are the parts of `split_unieg`: one computed once, one for each window, and one per
branch for each call. All engines run these four. Each parameter of a graph refers to its bytes in
weights.safetensors (ONNX external data). So a bundle holds each number once, and runs without
torch. An engine folds what follows from parameters alone when it loads a graph.
"""

import functools
import json
import struct
from collections.abc import Mapping
from pathlib import Path

import onnx
import safetensors.torch
import torch
from torch import Tensor, nn

from diffsheg_model.bundle import BRANCHES, CONDITIONS, TABLES
from diffsheg_model.config import BundleConfig, DiffusionConfig, NetworkConfig
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import sha256
from diffsheg_model.network.quiet import EXPORTER, quiet
from diffsheg_model.network.split_unieg import (
    BranchStep,
    Tables,
    WindowConditions,
    condition_names,
    table_names,
)
from diffsheg_model.network.unieg import UniEG

OPSET = 18

Shape = tuple[int | str, ...]
"""Shape of a graph's input; a text is the name of an axis of any length."""
_ELEMENT_TYPES = {
    'F32': onnx.TensorProto.FLOAT,
    'F16': onnx.TensorProto.FLOAT16,
    'I64': onnx.TensorProto.INT64,
}


class _Named(nn.Module):
    """A part of the network that takes the inputs of its graph by position."""

    def __init__(self, part: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.part = part
        self.names = names

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        given = dict(zip(self.names, inputs, strict=True))
        return self.part(**given)


def load_network(config: BundleConfig, tensors: dict[str, Tensor], where: str) -> UniEG:
    """Return UniEG in eval mode with the given parameters.

    Raises:
        InputError: names or shapes do not fit; the message lists missing and foreign ones.
    """
    if complaint := parameter_complaint(config.network, tensors):
        raise InputError(f'{where} does not fit its config: {complaint}')
    network = UniEG(config.network, config.diffusion)
    network.load_state_dict(tensors)
    return network.eval()


def parameter_complaint(network: NetworkConfig, tensors: Mapping[str, Tensor]) -> str:
    """Return the missing, foreign and misshapen names of a state dict; empty if it fits."""
    with torch.device('meta'):
        parameters = UniEG(network).state_dict()
    expected = {name: tuple(value.shape) for name, value in parameters.items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    shapes = [
        f'{name} {found[name]} instead of {expected[name]}'
        for name in sorted(set(expected) & set(found))
        if expected[name] != found[name]
    ]
    parts = [
        ('missing', sorted(set(expected) - set(found))),
        ('foreign', sorted(set(found) - set(expected))),
        ('of another shape', shapes),
    ]
    return '; '.join(f'{len(names)} {kind}: {", ".join(names)}' for kind, names in parts if names)


def export_graphs(config: BundleConfig, weights: Path) -> None:
    """Write the graphs beside ``weights``, with references to it.

    Inputs and outputs have the names of those of `Tables`, `WindowConditions` and `BranchStep`.
    The numbers of steps, rows and frames are free. Optional inputs exist if the model takes them.

    Raises:
        InputError: the weights do not fit the config.
    """
    tensors = safetensors.torch.load_file(weights)
    tensors = {name: value for name, value in tensors.items() if not name.startswith('stats.')}
    if complaint := parameter_complaint(config.network, tensors):
        raise InputError(f'{weights} does not fit its config: {complaint}')
    facts = {'weights': sha256(weights), 'format': config.format.name, 'precision': 'fp32'}
    frames = config.format.window_frames
    for name, structure in _structures(config.network, config.diffusion, frames).items():
        model = onnx.ModelProto()
        model.CopyFrom(structure)
        _refer_to_weights(model, weights)
        for key, value in facts.items():
            model.metadata_props.add(key=f'diffsheg.{key}', value=value)
        target = weights.parent / name
        onnx.save(model, target)
        onnx.checker.check_model(str(target))


@functools.lru_cache(maxsize=16)
def _structures(
    sizes: NetworkConfig, diffusion: DiffusionConfig, frames: int
) -> dict[str, onnx.ModelProto]:
    """Return the graphs without the parameters' numbers, which do not affect the structure.

    The results are cached, because tracing a network of any size takes many seconds.
    """
    network = UniEG(sizes, diffusion).eval()
    parameters = {f'part.network.{name}' for name in network.state_dict()}
    parts: dict[str, tuple[nn.Module, list[str]]] = {
        TABLES: (Tables(network), table_names()),
        CONDITIONS: (WindowConditions(network), condition_names()),
    }
    for branch in BRANCHES:
        parts[f'{branch}.onnx'] = (BranchStep(network, branch), ['eps', 'clean'])
    models = {}
    for name, inputs in graph_inputs(sizes).items():
        part, outputs = parts[name]
        with quiet(*EXPORTER), torch.no_grad():
            program = torch.onnx.export(
                _Named(part, list(inputs)).eval(),
                tuple(_example(frames, given, shape) for given, shape in inputs.items()),
                input_names=list(inputs),
                output_names=outputs,
                dynamic_shapes=(tuple(_free_axes(shape) for shape in inputs.values()),),
                opset_version=OPSET,
                dynamo=True,
                optimize=False,
                verbose=False,
            )
        assert program is not None  # torch.onnx.export returns None only without dynamo
        model = program.model_proto
        _strip_traces(model)
        for initialiser in model.graph.initializer:
            if initialiser.name in parameters:
                initialiser.ClearField('raw_data')
        models[name] = model
    return models


def graph_inputs(sizes: NetworkConfig) -> dict[str, dict[str, Shape]]:
    """Return the shapes of every graph's inputs; a text is the name of an axis of any length."""
    wide, layers = 2 * sizes.latent_dim, sizes.num_layers
    heard: dict[str, Shape] = {
        'audio_modulation': ('steps', 2, 2 * sizes.mel_dim),
        'mel': ('batch', 'frames', sizes.mel_dim),
    }
    if sizes.speech_dim:
        heard['speech'] = ('batch', 'frames', sizes.speech_dim)
    graphs: dict[str, dict[str, Shape]] = {
        TABLES: {'t': ('steps',), 'speaker': ('batch', sizes.num_speakers)},
        CONDITIONS: heard,
    }
    channels = {'expression': sizes.expression_dim, 'gesture': sizes.gesture_dim}
    for branch, other in (BRANCHES, BRANCHES[::-1]):
        step: dict[str, Shape] = {
            'x': ('batch', 'frames', channels[branch]),
            'levels': ('batch', 2),
            'modulation': ('batch', 2 * layers, wide),
            'condition': ('batch', 'frames', layers * wide),
            'statistics': ('batch', 'frames', 2),
        }
        if sizes.flow == f'{other}_to_{branch}':
            step['other'] = ('batch', 'frames', channels[other])
        if sizes.classifier_free:
            step['guidance_scale'] = (1,)
        graphs[f'{branch}.onnx'] = step
    return graphs


_FREE = {'batch': (2, 1024), 'steps': (3, 1000), 'frames': (0, 1200)}
"""Example length and largest length of each free axis; the example's frames are a window."""


def _example(frames: int, name: str, shape: Shape) -> Tensor:
    lengths = {axis: example for axis, (example, _) in _FREE.items()}
    lengths['frames'] = frames
    sizes = [lengths[axis] if isinstance(axis, str) else axis for axis in shape]
    return torch.ones(sizes, dtype=torch.int64 if name == 't' else torch.float32)


def _free_axes(shape: Shape) -> dict[int, torch.export.Dim]:
    return {
        index: torch.export.Dim(axis, max=_FREE[axis][1])
        for index, axis in enumerate(shape)
        if isinstance(axis, str)
    }


def _strip_traces(model: onnx.ModelProto) -> None:
    """Remove the exporter's notes on the origin of each node: stack traces with local paths."""
    graph = model.graph
    for item in (
        model,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.initializer,
    ):
        item.doc_string = ''
        del item.metadata_props[:]
    for function in model.functions:
        function.doc_string = ''
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]


def _refer_to_weights(model: onnx.ModelProto, weights: Path) -> None:
    """Replace the parameters' bytes by references into the safetensors file.

    Parameters stored as float16 pass through a Cast, which engines fold when they load a graph.
    """
    with weights.open('rb') as file:
        (header_size,) = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(header_size))
    casts = []
    for initialiser in model.graph.initializer:
        name = initialiser.name.removeprefix('part.network.')
        if name not in header:
            continue
        entry = header[name]
        begin, end = entry['data_offsets']
        element_type = _ELEMENT_TYPES[entry['dtype']]
        if element_type != initialiser.data_type:
            stored = f'{initialiser.name}.stored'
            casts.append(
                onnx.helper.make_node(
                    'Cast', [stored], [initialiser.name], to=initialiser.data_type
                )
            )
            initialiser.name = stored
        initialiser.data_type = element_type
        initialiser.ClearField('raw_data')
        initialiser.ClearField('float_data')
        initialiser.data_location = onnx.TensorProto.EXTERNAL
        del initialiser.external_data[:]
        for key, value in (
            ('location', weights.name),
            ('offset', 8 + header_size + begin),
            ('length', end - begin),
        ):
            initialiser.external_data.add(key=key, value=str(value))
    # The value infos of parameters would still have the old type.
    del model.graph.value_info[:]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
