"""A bundle's graphs refer to the bundle's own files: read without onnx, compared with onnx."""

import json
import os
import random
import shutil

import pytest

from diffsheg_model.bundle import DEFAULT_BUNDLE, GRAPHS, MANIFEST, WEIGHTS, load_bundle
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import OnnxSpeechEncoder
from diffsheg_model.files.atomic import sha256
from diffsheg_model.untrusted.onnx_references import _MESSAGES, Reference, references

onnx = pytest.importorskip('onnx')


def external(name='w', **entries) -> 'onnx.TensorProto':
    tensor = onnx.TensorProto(name=name, data_type=1, dims=[1], data_location=1)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def nested(tensor) -> 'onnx.GraphProto':
    """A graph in an attribute of a node of another graph's node."""
    graph = onnx.GraphProto(name='inner', initializer=[tensor])
    for _ in range(3):
        node = onnx.NodeProto(op_type='If')
        node.attribute.add(name='then_branch', g=graph, type=5)
        graph = onnx.GraphProto(name='outer', node=[node])
    return graph


def places(tensor) -> dict[str, 'onnx.ModelProto']:
    """Models with the tensor in every place that a tensor can be in."""
    sparse = onnx.SparseTensorProto(values=tensor)
    indices = onnx.SparseTensorProto(indices=tensor)
    attributes = {
        'value': {'t': tensor},
        'values': {'tensors': [tensor]},
        'sparse': {'sparse_tensor': sparse},
        'sparses': {'sparse_tensors': [indices]},
        'graphs': {'graphs': [onnx.GraphProto(initializer=[tensor])]},
    }
    models = {}
    for name, fields in attributes.items():
        node = onnx.NodeProto(op_type='Constant', attribute=[onnx.AttributeProto(**fields)])
        models[name] = onnx.ModelProto(graph=onnx.GraphProto(node=[node]))
        models[f'function {name}'] = onnx.ModelProto(functions=[onnx.FunctionProto(node=[node])])
    models['initialiser'] = onnx.ModelProto(graph=onnx.GraphProto(initializer=[tensor]))
    models['sparse'] = onnx.ModelProto(graph=onnx.GraphProto(sparse_initializer=[sparse]))
    models['nested'] = onnx.ModelProto(graph=nested(tensor))
    models['default'] = onnx.ModelProto(
        functions=[onnx.FunctionProto(attribute_proto=[onnx.AttributeProto(t=tensor)])]
    )
    for part in ('initialization', 'algorithm'):
        training = onnx.TrainingInfoProto(**{part: nested(tensor)})
        models[part] = onnx.ModelProto(training_info=[training])
    return models


def test_a_reference_is_found_wherever_a_tensor_can_be():
    tensor = external(location='../../etc/shadow', offset=8, length=4)
    for place, model in places(tensor).items():
        assert references(model.SerializeToString()) == [
            Reference('../../etc/shadow', 8, 4)
        ], place  # fmt: skip


def test_every_way_to_a_tensor_that_onnx_knows_is_followed():
    followed = {
        (f'{kind}Proto' if kind not in ('Training',) else 'TrainingInfoProto', number)
        for kind, fields in _MESSAGES.items()
        for number in fields
    }
    known, pending = set(), [onnx.ModelProto.DESCRIPTOR]
    leading: dict[str, set[tuple[str, int]]] = {}
    while pending:
        message = pending.pop()
        if message.name in known:
            continue
        known.add(message.name)
        for field in message.fields:
            if field.message_type is not None:
                leading.setdefault(field.message_type.name, set()).add((message.name, field.number))
                pending.append(field.message_type)
    ways, pending_names = set(), ['TensorProto']
    while pending_names:
        for way in leading.get(pending_names.pop(), ()):
            if way not in ways:
                ways.add(way)
                pending_names.append(way[0])
    assert ways <= followed


def test_the_default_bundle_refers_to_its_own_weights():
    for name in GRAPHS:
        content = (DEFAULT_BUNDLE / name).read_bytes()
        graph = onnx.load_from_string(content).graph
        expected = sum(bool(tensor.external_data) for tensor in graph.initializer)
        found = references(content)
        assert len(found) == expected > 0
        assert {reference.location for reference in found} == {WEIGHTS}


def test_damaged_graphs_raise_input_error_only():
    draw = random.Random(1)
    whole = (DEFAULT_BUNDLE / GRAPHS[0]).read_bytes()
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(draw.randrange(1, 20)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        if draw.random() < 0.3:
            del content[draw.randrange(len(content)) :]
        try:
            references(bytes(content))
        except InputError as error:
            assert '\n' not in str(error)


@pytest.mark.parametrize(
    'content',
    [
        b'\x3b\x3c',  # a group
        b'\x00\x00',  # field 0
        b'\x3a\xff\xff\xff\xff\x0f',  # longer than what follows
        b'\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00',  # an overlong number
        b'not a graph',
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(content):
    with pytest.raises(InputError, match='not an ONNX graph, or it is cut'):
        references(content)


def wrapped(number, content):
    """A field of bytes: its tag, its length and its content."""
    size, length = len(content), b''
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


@pytest.mark.timeout(60)
def test_deep_nesting_is_refused():
    graph = b''
    for _ in range(1000):  # a graph of an attribute of a node of a graph
        graph = wrapped(1, wrapped(5, wrapped(6, graph)))
    with pytest.raises(InputError, match='nested more than'):
        references(wrapped(7, graph))


def test_nodes_that_load_programs_are_refused():
    node = onnx.NodeProto(op_type='EPContext', domain='com.microsoft')
    model = onnx.ModelProto(graph=onnx.GraphProto(node=[node]))
    with pytest.raises(InputError, match='node EPContext loads a compiled program'):
        references(model.SerializeToString())


def digests_anew(folder):
    """What whoever makes a bundle can do too."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest['files'] = {name: sha256(folder / name) for name in manifest['files']}
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ('entries', 'message'),
    [
        ({'location': '/etc/passwd'}, "refers to the file '/etc/passwd'; only"),
        ({'location': '../secret.bin'}, "refers to the file '../secret.bin'"),
        ({'location': f'./{WEIGHTS}'}, "refers to the file './weights"),
        ({'location': 'README.md'}, "refers to the file 'README.md'"),
        ({'location': '*/_ORT_MEM_ADDR_/*', 'offset': 4096}, r'refers to the file .\*/_ORT_MEM'),
        ({'offset': 0}, "refers to the file ''"),
        ({'location': WEIGHTS, 'offset': 1 << 50, 'length': 4}, 'beyond the end of weights'),
        ({'location': WEIGHTS, 'offset': -4}, "has the offset '-4'"),
        ({'location': WEIGHTS, 'length': '9' * 50}, "has the length '9999"),
    ],
)
@pytest.mark.parametrize('place', ['initialiser', 'nested'])
def test_a_bundle_that_refers_to_other_files_is_refused(
    tiny_bundle, tmp_path, entries, message, place
):
    (tmp_path / 'secret.bin').write_bytes(bytes(64))
    folder = shutil.copytree(tiny_bundle.path, tmp_path / 'bundle')
    graph = onnx.load(folder / GRAPHS[0], load_external_data=False)
    extra = places(external(**entries))[place]
    graph.MergeFrom(extra)
    (folder / GRAPHS[0]).write_bytes(graph.SerializeToString())
    digests_anew(folder)
    with pytest.raises(InputError, match=message) as caught:
        load_bundle(folder)
    assert '\n' not in str(caught.value) and str(folder / GRAPHS[0]) in str(caught.value)


@pytest.mark.parametrize('name', [WEIGHTS, GRAPHS[1], MANIFEST])
def test_a_bundle_with_links_is_refused(tiny_bundle, tmp_path, name):
    folder = shutil.copytree(tiny_bundle.path, tmp_path / 'bundle')
    (folder / name).rename(tmp_path / 'elsewhere')
    (folder / name).symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(InputError, match=f'{name} is a symbolic link'):
        load_bundle(folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(InputError):
        load_bundle(folder)


def test_a_link_to_a_whole_bundle_is_followed(tiny_bundle, tmp_path):
    (tmp_path / 'best').symlink_to(tiny_bundle.path)
    assert load_bundle(tmp_path / 'best').digest == tiny_bundle.digest


def test_a_speech_encoder_refers_to_its_own_data(tmp_path):
    folder = shutil.copytree(DEFAULT_BUNDLE / 'speech', tmp_path / 'speech')
    OnnxSpeechEncoder(folder, threads=1)
    graph = onnx.load(folder / 'encoder.onnx', load_external_data=False)
    graph.graph.initializer.append(external(location='../x', offset=0, length=4))
    (folder / 'encoder.onnx').write_bytes(graph.SerializeToString())
    with pytest.raises(InputError, match=r"refers to the file '\.\./x'"):
        OnnxSpeechEncoder(folder, threads=1)
