"""Engines by name, and the fastest that works."""

import logging
import sys

import pytest

from diffsheg_model.advice import install_advice
from diffsheg_model.engines import ENGINES, create_engine
from diffsheg_model.engines.create import create_serving_engine, first_that_works
from diffsheg_model.engines.registry import (
    choices_of,
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


def test_unknown_engines_are_refused(tiny_bundle):
    with pytest.raises(InputError, match="engine 'cuda' is unknown: choose one of auto, "):
        create_engine('cuda', tiny_bundle)
    with pytest.raises(InputError, match='threads = -1'):
        create_engine('auto', tiny_bundle, threads=-1)


def test_a_named_engine_that_does_not_work_is_refused_at_the_beginning(tiny_bundle):
    with pytest.raises(InputError, match="no precision 'int8'"):
        create_serving_engine('torch', tiny_bundle, precision='int8')
    with pytest.raises(InputError, match='pip install onnxruntime-gpu'):
        create_serving_engine('onnxruntime', tiny_bundle, provider='cuda')
