"""Branches that run as a pipeline of two stages."""

from dataclasses import replace

import numpy as np
import pytest

from diffsheg_model.engines import create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import make_sampler, plan_window
from diffsheg_model.sampling.noise import seeded_noise
from diffsheg_model.sampling.plan import Cancelled, run_plan
from tests.support.engine_inputs import inputs


def make_plan(bundle, batch=1, known=None):
    sampler = make_sampler(bundle.config.diffusion, bundle.config.foppas)
    shape = (batch, 34, bundle.config.network.channels)
    return plan_window(sampler, seeded_noise(0), 0, shape, known)


@pytest.mark.parametrize('name', ['onnxruntime', 'openvino'])
def test_branches_that_run_beside_each_other_give_what_they_give_in_turn(name, tiny_bundle):
    for batch in (1, 3):
        _, conditions = inputs(tiny_bundle, batch)
        known = np.full((batch, 4, tiny_bundle.config.network.channels), 0.1, np.float32)
        plan = make_plan(tiny_bundle, batch, known)
        found = []
        for threads in (1, 2):
            engine = create_engine(name, tiny_bundle, threads=threads)
            found.append(engine.sample(conditions, plan))
            in_turn = run_plan(plan, engine.denoiser(conditions, plan.steps.tolist()))
            np.testing.assert_array_equal(found[-1], in_turn)
            engine.close()
        np.testing.assert_allclose(*found, atol=1e-4)


@pytest.mark.parametrize('name', ['onnxruntime', 'openvino'])
def test_a_window_that_is_cancelled_or_fails_leaves_the_engine_whole(name, tiny_bundle):
    engine = create_engine(name, tiny_bundle, threads=2)
    _, conditions = inputs(tiny_bundle)
    plan = make_plan(tiny_bundle)
    expected = engine.sample(conditions, plan)
    answers = iter([False] * 11)
    with pytest.raises(Cancelled):
        engine.sample(conditions, plan, lambda: next(answers, True))
    broken = replace(conditions, speaker=conditions.speaker[:, :0])
    with pytest.raises(InputError, match='speaker has shape'):
        engine.sample(broken, plan)
    with pytest.raises(Exception, match='(?i)dimension|shape'):
        engine.sample(conditions, plan.channels(slice(0, 150)))
    np.testing.assert_array_equal(engine.sample(conditions, plan), expected)
    engine.close()
