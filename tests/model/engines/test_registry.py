"""Which engine a user's words mean, and what is said when it is not to be had."""

import logging
import sys

import pytest

from diffsheg_model.advice import install_advice
from diffsheg_model.engines import ENGINES, PRECISIONS, create_engine
from diffsheg_model.engines.create import first_that_works
from diffsheg_model.engines.onnxruntime_engine import check_provider
from diffsheg_model.engines.registry import (
    ALL_PRECISIONS,
    AUTO_ORDER,
    EngineChoice,
    choices_of,
    fallbacks_of,
)
from diffsheg_model.errors import InputError


@pytest.fixture
def without(monkeypatch):
    """Makes modules impossible to import, as where they are not installed."""

    def without(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)
        for name in ENGINES:
            module = f'diffsheg_model.engines.{name}_engine'
            monkeypatch.delitem(sys.modules, module, raising=False)

    return without


def test_the_names_fit_together():
    assert set(PRECISIONS) == set(ENGINES) - {'auto'} and set(AUTO_ORDER) <= set(PRECISIONS)
    assert {name for names in PRECISIONS.values() for name in names} == set(ALL_PRECISIONS) - {
        'auto'
    }
    assert all('fp32' in names for names in PRECISIONS.values())


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('steam',), "engine 'steam' is unknown: choose one of auto, "),
        (('torch', 'bf16'), "torch has no precision 'bf16': choose one of auto, fp32"),
        (('openvino', 'fp16'), "openvino has no precision 'fp16': choose one of auto, fp32, bf16"),
        (('auto', 'fp8'), "precision 'fp8' is unknown: choose one of auto, fp32, "),
        (('onnxruntime', 'auto', 'rocm'), "provider 'rocm' is unknown: choose one of cpu, cuda"),
        (('auto', 'auto', 'rocm'), "provider 'rocm' is unknown"),
        (('torch', 'auto', 'cuda'), "provider 'cuda' is for engine onnxruntime, not for torch"),
        (('auto', 'fp16', 'cuda'), "no engine has precision 'fp16' on provider 'cuda'"),
    ],
)
def test_words_that_mean_nothing_are_refused_in_one_line(words, message):
    with pytest.raises(InputError, match=message) as caught:
        choices_of(*words)
    assert '\n' not in str(caught.value)


def test_auto_tries_every_engine_that_has_what_is_asked_for():
    assert [choice.name for choice in choices_of('auto')] == list(AUTO_ORDER)
    assert [str(choice) for choice in choices_of('auto', 'bf16')] == [
        'tensorrt (bf16)',
        'openvino (bf16)',
    ]
    assert choices_of('auto', 'auto', 'cuda') == [EngineChoice('onnxruntime', 'auto', 'cuda')]
    assert choices_of('torch') == [EngineChoice('torch')]


def test_exact_engines_on_the_cpu_take_over():
    def names(*words):
        alternatives = fallbacks_of(EngineChoice(*words))
        assert all(str(one) == f'{one.name} (fp32)' for one in alternatives)
        return [one.name for one in alternatives]

    assert names('tensorrt', 'fp16') == ['openvino', 'onnxruntime', 'torch']
    assert names('openvino') == ['onnxruntime', 'torch']
    assert names('onnxruntime') == ['openvino', 'torch']
    assert names('onnxruntime', 'auto', 'cuda') == ['openvino', 'onnxruntime', 'torch']


@pytest.mark.parametrize(
    ('name', 'module', 'feature'),
    [('torch', 'torch', 'train'), ('torch-compile', 'torch', 'train'),
     ('openvino', 'openvino', 'openvino')],
)  # fmt: skip
def test_a_named_engine_that_is_not_installed_says_what_to_install(
    name, module, feature, tiny_bundle, without
):
    without(module)
    with pytest.raises(InputError) as caught:
        create_engine(name, tiny_bundle)
    assert str(caught.value) == (
        f'engine {name} needs the module {module}, which is not installed: '
        f'{install_advice(feature)}'
    )


def test_auto_goes_on_to_the_next_and_says_why(tiny_bundle, without, caplog):
    without('tensorrt', 'tensorrt_rtx', 'openvino')
    with caplog.at_level(logging.INFO, 'diffsheg_model'):
        engine = create_engine('auto', tiny_bundle, threads=1)
    engine.close()
    (line,) = [text for text in caplog.messages if text.startswith('engine ')]
    assert line.startswith(
        'engine onnxruntime (fp32), 1 thread, bundle tiny: the fastest that works here; not '
        'tensorrt: '
    )
    assert 'not openvino: engine openvino needs the module openvino' in line
    assert '\n' not in line


def test_where_nothing_works_every_reason_is_given():
    def make(choice):
        raise RuntimeError(f'no {choice.name}\nat line 3')

    with pytest.raises(InputError) as caught:
        first_that_works(choices_of('auto', 'bf16'), make)
    assert str(caught.value) == (
        'no engine works here; tensorrt: RuntimeError: no tensorrt; openvino: RuntimeError: no '
        'openvino'
    )
    with pytest.raises(RuntimeError, match='no torch'):
        first_that_works(choices_of('torch'), make)


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
