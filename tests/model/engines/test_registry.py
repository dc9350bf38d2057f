"""Choices of engines for the options of a user."""

import pytest

from diffsheg_model.engines import ENGINES, PRECISIONS
from diffsheg_model.engines.registry import (
    ALL_PRECISIONS,
    AUTO_ORDER,
    EngineChoice,
    choices_of,
    fallbacks_of,
)
from diffsheg_model.errors import InputError


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
