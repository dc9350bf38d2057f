"""Engines that fail in the middle of an utterance, and others that take over."""

import gc
import threading
import weakref

import numpy as np
import pytest

from diffsheg_model.engines import Conditions, create_engine
from diffsheg_model.engines.create import create_serving_engine
from diffsheg_model.engines.fallback import (
    Candidate,
    EngineFault,
    FallbackEngine,
)
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import make_sampler, plan_window
from diffsheg_model.sampling.noise import seeded_noise
from diffsheg_model.sampling.plan import Cancelled
from diffsheg_model.session.generate import generate
from diffsheg_model.session.session import Session
from tests.support.bundles import speech_like
from tests.support.faulty_engine import LIMIT_S, FaultyEngine

RATE = 16000
#: With `fast_bundle` a first window takes 25 calls and a later one 3: the second call of the third.
MIDDLE = 25 + 3 + 2


@pytest.fixture(scope='module')
def torch_engine(tiny_bundle):
    pytest.importorskip('torch')
    engine = create_engine('torch', tiny_bundle, threads=1)
    yield engine
    engine.close()


@pytest.fixture
def made():
    """Engines that a test has made; closed, and hanging ones let go, at its end."""
    made = []
    yield made
    for engine in made:
        if isinstance(engine, FallbackEngine):
            engine.close()
        else:
            engine.released.set()


@pytest.fixture
def chain(made, tiny_bundle):
    """A FallbackEngine over engines that are there already."""

    def chain(*engines, timeout_s=None):
        candidates = [Candidate(engine.name, lambda engine=engine: engine) for engine in engines]
        made.extend(engine for engine in engines if isinstance(engine, FaultyEngine))
        engine = FallbackEngine(tiny_bundle.config, candidates[0], candidates[1:], timeout_s)
        made.insert(0, engine)
        return made[0]

    return chain


@pytest.fixture
def window(fast_bundle):
    """Conditions and plan of a first window."""
    sizes = fast_bundle.config.network
    random = np.random.default_rng(3)
    mel = random.uniform(0, 1, (1, 34, sizes.mel_dim)).astype(np.float32)
    speaker = np.eye(sizes.num_speakers, dtype=np.float32)[[1]]
    sampler = make_sampler(fast_bundle.config.diffusion, fast_bundle.config.foppas)
    plan = plan_window(sampler, seeded_noise(1), 0, (1, 34, sizes.channels), None)
    return Conditions(mel, None, speaker), plan


class Kept:
    """An engine that others use too: closing it is its owner's business."""

    def __init__(self, engine):
        self._engine = engine
        self.close = lambda: None

    def __getattr__(self, name):
        return getattr(self._engine, name)


@pytest.mark.parametrize(
    ('fault', 'reason'),
    [
        ('raise', 'RuntimeError: out of memory'),
        ('nan', 'numbers are not finite'),
        ('hang', 'no window within 2 s'),
    ],
)
def test_another_engine_goes_on_in_the_middle_of_an_utterance(
    fault, reason, chain, fast_bundle, tiny_engine, torch_engine
):
    faulty = FaultyEngine(tiny_engine, fault, MIDDLE)
    engine = chain(faulty, Kept(torch_engine), timeout_s=2.0)
    assert engine.name == 'faulty onnxruntime'
    speech = speech_like(9.0)
    motion = generate(fast_bundle, engine, [speech], RATE, seed=2)
    alone = generate(fast_bundle, torch_engine, [speech], RATE, seed=2)
    assert len(motion) == 135
    np.testing.assert_allclose(motion.rotations, alone.rotations, rtol=0, atol=1e-4)
    np.testing.assert_allclose(motion.weights, alone.weights, rtol=0, atol=1e-4)
    # The third window begins at frame 60: what is between it and the second is no jump.
    steps, steps_alone = (np.abs(np.diff(m.rotations[55:65], axis=0)) for m in (motion, alone))
    np.testing.assert_allclose(steps, steps_alone, rtol=0, atol=1e-4)

    (fallback,) = engine.fallbacks
    assert engine.name == fallback.serving.split()[0] == 'torch'
    assert (fallback.window, fallback.failed) == (3, 'faulty onnxruntime (fp32)')
    assert reason in fallback.reason and '\n' not in str(fallback)
    assert faulty.calls == MIDDLE + (fault == 'nan')  # NaN is only looked for at the end


def test_the_window_is_what_the_second_engine_alone_makes(chain, window, tiny_engine, torch_engine):
    engine = chain(FaultyEngine(tiny_engine, 'raise', 10), Kept(torch_engine))
    np.testing.assert_array_equal(engine.sample(*window), torch_engine.sample(*window))


def test_an_engine_that_hangs_is_let_go_and_closed_when_it_returns(chain, window, tiny_engine):
    faulty = FaultyEngine(tiny_engine, 'hang', 25 + 5)
    engine = chain(faulty, Kept(tiny_engine), timeout_s=2.0)
    first = engine.sample(*window)
    for _ in range(3):
        np.testing.assert_array_equal(engine.sample(*window), first)
    assert engine.name == 'onnxruntime' and len(engine.fallbacks) == 1
    assert faulty.hanging.is_set() and not faulty.closed.is_set()
    calls = faulty.calls
    faulty.released.set()
    assert faulty.closed.wait(LIMIT_S)
    assert faulty.calls == calls  # its plan ended with the step that hung


def test_what_takes_over_can_fail_too(chain, window, tiny_engine):
    engine = chain(
        FaultyEngine(tiny_engine, 'raise', 10),
        FaultyEngine(tiny_engine, 'nan', 20),
        Kept(tiny_engine),
    )
    np.testing.assert_array_equal(engine.sample(*window), tiny_engine.sample(*window))
    assert [fallback.window for fallback in engine.fallbacks] == [1, 1]
    assert 'RuntimeError' in engine.fallbacks[0].reason
    assert engine.fallbacks[1].serving == 'onnxruntime (fp32)'


def test_what_cannot_be_loaded_is_passed_over(window, tiny_bundle, tiny_engine, made):
    def missing():
        raise InputError('engine steam is not installed')

    faulty = FaultyEngine(tiny_engine, 'raise', 10)
    candidates = [Candidate('steam', missing), Candidate('kept', lambda: Kept(tiny_engine))]
    engine = FallbackEngine(tiny_bundle.config, Candidate('faulty', lambda: faulty), candidates)
    made += [engine, faulty]
    engine.sample(*window)
    assert [fallback.serving for fallback in engine.fallbacks] == ['onnxruntime (fp32)']
    with pytest.raises(InputError, match='steam is not installed'):
        FallbackEngine(tiny_bundle.config, candidates[0], candidates[1:])


def test_the_last_engine_raises_and_is_asked_again_for_the_next_window(chain, window, tiny_engine):
    last = FaultyEngine(tiny_engine, 'raise', 5)
    engine = chain(FaultyEngine(tiny_engine, 'nan', 5), last)
    for _ in range(2):
        with pytest.raises(RuntimeError, match='out of memory'):
            engine.sample(*window)
    assert len(engine.fallbacks) == 1 and last.calls == 6
    last.fault = None
    np.testing.assert_array_equal(engine.sample(*window), tiny_engine.sample(*window))


def test_a_last_engine_that_hung_serves_again_when_it_has_returned(chain, window, tiny_engine):
    engine = chain(last := FaultyEngine(tiny_engine, 'hang', 25 + 5), timeout_s=0.2)
    first = engine.sample(*window)
    for _ in range(2):
        with pytest.raises(EngineFault, match='no window within 0.2 s'):
            engine.sample(*window)
    assert last.calls == 25 + 5
    last.fault = None
    last.released.set()
    engine._timeout_s = None
    np.testing.assert_array_equal(engine.sample(*window), first)


def test_an_engine_that_hangs_keeps_one_window_only(chain, window, tiny_engine):
    """Nobody may ever come back for what is handed to it."""
    engine = chain(last := FaultyEngine(tiny_engine, 'hang', 1), timeout_s=0.1)
    engine._start_limit_s = 0.1
    conditions, plan = window
    handed = []
    for _ in range(6):
        mel = conditions.mel.copy()
        handed.append(weakref.ref(mel))
        with pytest.raises(EngineFault, match='no window within 0.1 s'):
            engine.sample(Conditions(mel, None, conditions.speaker), plan)
        del mel
    gc.collect()
    assert last.hanging.is_set()
    assert [mel() is not None for mel in handed] == [True] + 5 * [False]
    last.fault = None
    last.released.set()
    engine._start_limit_s = None
    np.testing.assert_array_equal(engine.sample(*window), tiny_engine.sample(*window))
    assert handed[0]() is None


def test_closing_while_another_engine_is_loaded_closes_that_too(
    window, tiny_bundle, tiny_engine, made
):
    loading, go_on = threading.Event(), threading.Event()
    second = FaultyEngine(tiny_engine)

    def load():
        loading.set()
        assert go_on.wait(LIMIT_S)
        return second

    first = FaultyEngine(tiny_engine, 'raise', 1)
    engine = FallbackEngine(
        tiny_bundle.config, Candidate('first', lambda: first), [Candidate('second', load)]
    )
    made += [engine, first, second]
    raised = []

    def sample():
        try:
            engine.sample(*window)
        except RuntimeError as error:
            raised.append(error)

    sampling = threading.Thread(target=sample)
    sampling.start()
    assert loading.wait(LIMIT_S)
    engine.close()
    assert first.closed.is_set() and not second.closed.is_set()
    go_on.set()
    sampling.join(LIMIT_S)
    assert len(raised) == 1 and second.closed.wait(LIMIT_S)
    assert engine.fallbacks == () and second.calls == 0


def test_a_window_asked_for_while_the_engine_closes_is_answered(chain, window, tiny_engine):
    """With no time limit it would be waited for, for ever."""
    engine = chain(FaultyEngine(tiny_engine))
    engine._thread.close()
    with pytest.raises(RuntimeError, match='the engine is closed'):
        engine.sample(*window)


def test_a_failing_window_is_left_out_and_the_utterance_goes_on(chain, fast_bundle, tiny_engine):
    faulty = FaultyEngine(tiny_engine, 'raise', MIDDLE)
    session = Session(fast_bundle, chain(faulty), sample_rate=RATE)
    session.push(speech_like(9.0))
    session.end()
    assert session.step().index == 0 and session.step().index == 1
    with pytest.raises(RuntimeError, match='out of memory'):
        session.step()
    session.skip()
    faulty.fault = None
    assert session.step().start_frame == 90


def test_an_interrupt_passes_through_and_is_no_failure(chain, window, tiny_engine):
    faulty = FaultyEngine(tiny_engine)
    engine = chain(faulty, Kept(tiny_engine))
    with pytest.raises(Cancelled):
        engine.sample(*window, lambda: faulty.calls >= 4)
    assert faulty.calls == 4 and engine.fallbacks == ()
    engine.sample(*window, lambda: False)
    assert engine.name == 'faulty onnxruntime'


def test_a_window_that_nobody_wants_any_more_is_not_made_again(chain, window, tiny_engine):
    faulty = FaultyEngine(tiny_engine, 'raise', 4)
    engine = chain(faulty, last := FaultyEngine(tiny_engine))
    with pytest.raises(Cancelled):
        engine.sample(*window, lambda: faulty.calls >= 4)
    assert last.calls == 0


def test_what_no_engine_could_do_is_no_failure_of_this_one(chain, window, tiny_engine):
    engine = chain(FaultyEngine(tiny_engine), Kept(tiny_engine))
    conditions, plan = window
    bad_mel = conditions.mel.copy()
    bad_mel[0, 0, 0] = np.nan
    with pytest.raises(InputError, match='mel of this window has NaN or infinite numbers'):
        engine.sample(Conditions(bad_mel, None, conditions.speaker), plan)
    with pytest.raises(InputError, match='mel has shape'):
        engine.sample(Conditions(conditions.mel[..., :9], None, conditions.speaker), plan)
    assert engine.fallbacks == ()


def test_a_limit_of_one_engine_is_a_failure_of_it(chain, window, tiny_engine, monkeypatch):
    faulty = FaultyEngine(tiny_engine)

    def refuse(*arguments):
        raise InputError('engine steam: a window of 34 frames; its plans take 20')

    monkeypatch.setattr(faulty, 'sample', refuse)
    engine = chain(faulty, Kept(tiny_engine))
    np.testing.assert_array_equal(engine.sample(*window), tiny_engine.sample(*window))
    assert engine.fallbacks[0].reason == 'engine steam: a window of 34 frames; its plans take 20'


def test_the_denoiser_is_that_of_the_engine_that_serves(chain, window, tiny_engine):
    conditions, plan = window
    engine = chain(FaultyEngine(tiny_engine, 'raise', 5), Kept(tiny_engine))
    engine.sample(*window)
    np.testing.assert_array_equal(
        engine.denoiser(conditions, [480])(plan.start, 480),
        tiny_engine.denoiser(conditions, [480])(plan.start, 480),
    )


def test_closing_ends_the_thread_and_the_engine(tiny_bundle, window):
    before = threading.active_count()
    engine = create_serving_engine('onnxruntime', tiny_bundle, 1)
    engine.sample(*window)
    assert engine.why == 'as chosen'
    engine.close()
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match='closed'):
        engine.sample(*window)


def test_real_engines_take_over_from_each_other(tiny_bundle, window, made, monkeypatch):
    from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine

    def fail(self, conditions, steps):
        raise RuntimeError('the device is gone')

    made.append(engine := create_serving_engine('onnxruntime', tiny_bundle, 1))
    first = engine.sample(*window)
    monkeypatch.setattr(OnnxRuntimeEngine, 'denoiser', fail)
    # On a GPU torch sums in another order.
    np.testing.assert_allclose(engine.sample(*window), first, atol=1e-6 * np.abs(first).max())
    assert engine.name in ('openvino', 'torch')

    made.append(engine := create_serving_engine('onnxruntime', tiny_bundle, 1, fallback=False))
    with pytest.raises(RuntimeError, match='the device is gone'):
        engine.sample(*window)
