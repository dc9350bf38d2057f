"""The engine contract: every engine passes it, on the same real bundle."""

from dataclasses import replace

import numpy as np
import pytest

from diffsheg_model.engines import Conditions, create_engine
from diffsheg_model.errors import InputError
from tests.support.engine_inputs import inputs

ENGINES = ['onnxruntime', 'openvino', 'torch']


@pytest.fixture(scope='module', params=ENGINES)
def engine(request, tiny_bundle):
    engine = create_engine(request.param, tiny_bundle, threads=1)
    yield engine
    engine.close()


def test_engines_agree(engine, tiny_bundle):
    reference = create_engine('torch', tiny_bundle, threads=1)
    for batch, frames in ((1, 34), (1, 5), (3, 20)):
        x, conditions = inputs(tiny_bundle, batch, frames)
        for step in (0, 480, 960):
            np.testing.assert_allclose(
                engine.denoiser(conditions, [step])(x, step),
                reference.denoiser(conditions, [step])(x, step),
                atol=1e-4,
            )


def test_engines_agree_on_what_is_not_published(show_bundle):
    """Convolution over time, another output and direction of flow; speech features, guidance."""
    x, conditions = inputs(show_bundle, 2, 20)
    speech = np.random.default_rng(1).standard_normal((2, 20, 8)).astype(np.float32)
    conditions = replace(conditions, speech=speech, guidance_scale=1.5)
    reference = create_engine('torch', show_bundle, threads=1)
    for name in ENGINES:
        engine = create_engine(name, show_bundle, threads=2)
        for step in (0, 480, 960):
            expected = reference.denoiser(conditions, [step])(x, step)
            found = engine.denoiser(conditions, [step])(x, step)
            assert np.abs(found - expected).max() < 1e-4 * max(1, np.abs(expected).max()), name
        engine.close()


def test_the_same_call_gives_the_same_bits(engine, tiny_bundle):
    x, conditions = inputs(tiny_bundle)
    first = engine.denoiser(conditions, [480])(x, 480).copy()
    engine.denoiser(inputs(tiny_bundle, seed=5)[1], [0])(x, 0)
    np.testing.assert_array_equal(engine.denoiser(conditions, [480])(x, 480), first)


def test_a_batch_equals_its_rows(engine, tiny_bundle):
    x, conditions = inputs(tiny_bundle, batch=3)
    together = engine.denoiser(conditions, [480])(x, 480)
    for row in range(3):
        alone = Conditions(conditions.mel[row : row + 1], None, conditions.speaker[row : row + 1])
        np.testing.assert_allclose(
            engine.denoiser(alone, [480])(x[row : row + 1], 480)[0], together[row], atol=1e-4
        )


def test_the_answer_hears_step_audio_and_speaker(engine, tiny_bundle):
    x, conditions = inputs(tiny_bundle)
    base = engine.denoiser(conditions, [480])(x, 480)
    other_speaker = np.roll(conditions.speaker, 1, axis=1)
    for other, step in (
        (conditions, 0),
        (Conditions(conditions.mel + 1, None, conditions.speaker), 480),
        (Conditions(conditions.mel, None, other_speaker), 480),
    ):
        assert np.abs(engine.denoiser(other, [step])(x, step) - base).max() > 1e-3


@pytest.mark.parametrize(
    ('conditions', 'message'),
    [
        (lambda c: Conditions(c.mel[..., :80], None, c.speaker), 'mel has shape'),
        (lambda c: Conditions(c.mel, c.mel, c.speaker), 'speech has shape'),
        (lambda c: Conditions(c.mel, None, c.speaker[:, :2]), 'speaker has shape'),
    ],
)
def test_wrong_shapes_are_refused(conditions, message, engine, tiny_bundle):
    with pytest.raises(InputError, match=message):
        engine.denoiser(conditions(inputs(tiny_bundle)[1]), [480])
