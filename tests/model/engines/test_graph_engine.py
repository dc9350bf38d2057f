"""The engine contract: every engine passes it, on the same real bundle."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from diffsheg_model.bundle import CONDITIONS
from diffsheg_model.engines import Conditions, create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import make_sampler, plan_window
from diffsheg_model.sampling.noise import seeded_noise
from diffsheg_model.sampling.plan import Cancelled, run_plan

ENGINES = ['onnxruntime', 'openvino', 'torch']


@pytest.fixture(scope='module', params=ENGINES)
def engine(request, tiny_bundle):
    engine = create_engine(request.param, tiny_bundle, threads=1)
    yield engine
    engine.close()


def inputs(bundle, batch=1, frames=34, seed=0):
    random = np.random.default_rng(seed)
    sizes = bundle.config.network
    x = random.standard_normal((batch, frames, sizes.channels), dtype=np.float32)
    mel = random.uniform(0, 1, (batch, frames, sizes.mel_dim)).astype(np.float32)
    speaker = np.eye(sizes.num_speakers, dtype=np.float32)[np.arange(batch) % sizes.num_speakers]
    return x, Conditions(mel, None, speaker)


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


def test_convolutions_are_never_in_tf32(tiny_bundle):
    """cuDNN's default: on a GPU its error is 20 times that of float32."""
    torch = pytest.importorskip('torch')
    engine = create_engine('torch', tiny_bundle, threads=1)
    allowed = []
    engine._network.register_forward_pre_hook(
        lambda *_: allowed.append(torch.backends.cudnn.allow_tf32)
    )
    x, conditions = inputs(tiny_bundle)
    before = torch.backends.cudnn.allow_tf32
    engine.denoiser(conditions, [0])(x, 0)
    assert allowed == [False]
    assert torch.backends.cudnn.allow_tf32 == before
    engine.close()


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


def test_eight_bits_are_close_and_kept(tiny_bundle, tmp_path):
    pytest.importorskip('onnx')
    x, conditions = inputs(tiny_bundle)
    expected = create_engine('torch', tiny_bundle, threads=1).denoiser(conditions, [480])(x, 480)
    for _ in range(2):
        engine = create_engine(
            'onnxruntime', tiny_bundle, threads=1, precision='int8', cache=tmp_path
        )
        found = engine.denoiser(conditions, [480])(x, 480)
        error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
        assert 1e-6 < error < 0.1
        assert len(list(tmp_path.glob('*.plan'))) == 2


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


def test_unknown_engines_are_refused(tiny_bundle):
    with pytest.raises(InputError, match="engine 'cuda' is unknown: choose one of auto, "):
        create_engine('cuda', tiny_bundle)
    with pytest.raises(InputError, match='threads = -1'):
        create_engine('auto', tiny_bundle, threads=-1)


def test_a_broken_graph_is_refused_in_one_line(tiny_bundle, tmp_path):
    import dataclasses

    folder = shutil.copytree(tiny_bundle.path, tmp_path / 'bundle')
    (folder / CONDITIONS).write_bytes(b'no graph')
    with pytest.raises(InputError, match='onnxruntime cannot load') as caught:
        create_engine('onnxruntime', dataclasses.replace(tiny_bundle, path=folder))
    assert '\n' not in str(caught.value)
