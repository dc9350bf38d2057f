"""The network as an ONNX graph of one denoising step, its parameters left in the bundle.

Every initialiser that comes from the network refers to its bytes inside weights.safetensors (ONNX
external data), so a bundle holds each number once and needs no torch to run.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import onnx
import safetensors.torch
import torch
from torch import Tensor, nn

from diffsheg_model.config import BundleConfig, NetworkConfig
from diffsheg_model.errors import InputError
from diffsheg_model.quiet import EXPORTER, quiet
from diffsheg_model.unieg import UniEG

OPSET = 18
_ELEMENT_TYPES = {
    'F32': onnx.TensorProto.FLOAT,
    'F16': onnx.TensorProto.FLOAT16,
    'I64': onnx.TensorProto.INT64,
}


class _Step(nn.Module):
    """The network with just the inputs that this model has."""

    def __init__(self, network: UniEG, names: list[str]) -> None:
        super().__init__()
        self.network = network
        self.names = names

    def forward(self, *inputs: Tensor) -> Tensor:
        given = dict(zip(self.names, inputs, strict=True))
        return self.network(
            given['x'],
            given['t'],
            given['mel'],
            given.get('speech'),
            given['speaker'],
            given.get('guidance_scale'),
        )


def load_network(config: BundleConfig, tensors: dict[str, Tensor], where: str) -> UniEG:
    """UniEG in eval mode with the given parameters.

    Raises:
        InputError: names or shapes do not fit; the message lists what is missing and foreign.
    """
    if complaint := parameter_complaint(config.network, tensors):
        raise InputError(f'{where} does not fit its config: {complaint}')
    network = UniEG(config.network, config.diffusion)
    network.load_state_dict(tensors)
    return network.eval()


def parameter_complaint(network: NetworkConfig, tensors: Mapping[str, Tensor]) -> str:
    """What is missing, foreign or of another shape in a state dict, by name; empty if it fits."""
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


def export_graph(config: BundleConfig, weights: Path, target: Path) -> None:
    """Writes the graph of one step to ``target``, referring to ``weights`` in the same folder.

    Inputs: x (B, T, C), t (B,) int64, mel (B, T, mel_dim), speech (B, T, speech_dim) where the
    model has a speech encoder, speaker (B, num_speakers), guidance_scale (1,) where it is
    classifier-free. Output: eps (B, T, C). B and T are free.

    Raises:
        InputError: the weights do not fit the config.
    """
    tensors = safetensors.torch.load_file(weights)
    tensors = {name: value for name, value in tensors.items() if not name.startswith('stats.')}
    network = load_network(config, tensors, str(weights))
    sizes = config.network
    batch, frames = 2, config.format.window_frames
    inputs = {
        'x': torch.zeros(batch, frames, sizes.channels),
        't': torch.zeros(batch, dtype=torch.int64),
        'mel': torch.zeros(batch, frames, sizes.mel_dim),
    }
    if sizes.speech_dim:
        inputs['speech'] = torch.zeros(batch, frames, sizes.speech_dim)
    inputs['speaker'] = torch.zeros(batch, sizes.num_speakers)
    if sizes.classifier_free:
        inputs['guidance_scale'] = torch.ones(1)
    free = {
        0: torch.export.Dim('batch', max=1024),
        1: torch.export.Dim('frames', max=1200),
    }
    shapes = {
        name: {}
        if name == 'guidance_scale'
        else {axis: free[axis] for axis in ((0,) if name in ('t', 'speaker') else (0, 1))}
        for name in inputs
    }
    with quiet(*EXPORTER), torch.no_grad():
        program = torch.onnx.export(
            _Step(network, list(inputs)),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=['eps'],
            dynamic_shapes=(tuple(shapes.values()),),
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    assert program is not None  # torch.onnx.export returns None only without dynamo
    model = program.model_proto
    _strip_traces(model)
    _refer_to_weights(model, weights)
    onnx.save(model, target)
    onnx.checker.check_model(str(target))


def _strip_traces(model: onnx.ModelProto) -> None:
    """Drops the exporter's notes on where each node came from: stack traces, with local paths."""
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
    """Replaces the parameters' bytes by references into the safetensors file.

    Parameters that are stored as float16 pass through a Cast, which engines fold when they load.
    """
    with weights.open('rb') as file:
        (header_size,) = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(header_size))
    casts = []
    for initialiser in model.graph.initializer:
        name = initialiser.name.removeprefix('network.')
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
    # Value infos of parameters would name the stored type twice.
    del model.graph.value_info[:]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
