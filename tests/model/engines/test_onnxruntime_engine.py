"""ONNX Runtime's execution providers, and graphs that it cannot load."""

import shutil

import pytest

from diffsheg_model.bundle import CONDITIONS
from diffsheg_model.engines import create_engine
from diffsheg_model.engines.onnxruntime_engine import check_provider
from diffsheg_model.errors import InputError


@pytest.mark.parametrize('provider', ['cuda', 'tensorrt'])
def test_a_provider_that_is_not_there_is_refused(provider, tiny_bundle):
    onnxruntime = pytest.importorskip('onnxruntime')
    if 'CUDAExecutionProvider' in onnxruntime.get_available_providers():
        pytest.skip('this onnxruntime has it')
    with pytest.raises(InputError, match=f'provider {provider!r}: .* pip install onnxruntime-gpu'):
        create_engine('onnxruntime', tiny_bundle, provider=provider)


def test_a_provider_that_onnxruntime_quietly_replaces_by_the_cpu_is_refused(tiny_bundle):
    onnxruntime = pytest.importorskip('onnxruntime')
    graph = next(tiny_bundle.path.glob('*.onnx'))
    session = onnxruntime.InferenceSession(graph, providers=['CPUExecutionProvider'])
    check_provider(session, 'cpu')
    with pytest.raises(InputError, match='CUDAExecutionProvider did not start'):
        check_provider(session, 'cuda')


def test_a_broken_graph_is_refused_in_one_line(tiny_bundle, tmp_path):
    import dataclasses

    folder = shutil.copytree(tiny_bundle.path, tmp_path / 'bundle')
    (folder / CONDITIONS).write_bytes(b'no graph')
    with pytest.raises(InputError, match='onnxruntime cannot load') as caught:
        create_engine('onnxruntime', dataclasses.replace(tiny_bundle, path=folder))
    assert '\n' not in str(caught.value)
