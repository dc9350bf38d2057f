"""Sessions that share calls of the network, on real engines."""

import dataclasses

import numpy as np
import pytest

from diffsheg_model.engines import Engine, create_engine
from diffsheg_model.motion.motion import concatenate
from diffsheg_model.sampling.plan import Cancelled
from diffsheg_model.session.generate import generate
from diffsheg_model.session.group import step_together
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from diffsheg_model.session.session import GenerationError, Session
from diffsheg_model.session.session_options import SessionOptions
from tests.support.bundles import speech_like

RATE = 16000
FAST = SamplerOptions(jump_n_sample=1, guidance_scale=1.0)
SECONDS = (7.0, 5.2, 7.0)


@pytest.fixture(scope='module')
def bundle(tiny_bundle):
    return with_sampler(tiny_bundle, FAST)


class Watched(Engine):
    """The real engine, with the rows of each call kept, and one row's answers broken if asked."""

    name = 'watched'
    precision = 'fp32'

    def __init__(self, engine):
        self.engine = engine
        self.rows = []
        self.broken_speaker = None
        self.fault = None

    def denoiser(self, conditions, steps):
        denoise = self.engine.denoiser(conditions, steps)
        broken = np.zeros((len(conditions.speaker), 1, 1), np.float32)
        if self.broken_speaker is not None:
            broken[conditions.speaker[:, self.broken_speaker] == 1] = np.nan
        if self.fault:
            raise self.fault

        def watched(x, step):
            self.rows.append(len(x))
            return denoise(x, step) + broken

        return watched

    def close(self):
        pass


@pytest.fixture(params=['onnxruntime', 'torch'])
def engine(request, bundle):
    engine = create_engine(request.param, bundle, threads=1)
    yield Watched(engine)
    engine.close()


def open_sessions(bundle, engine, seconds=SECONDS, *, ended=True, **options):
    sessions = []
    for speaker, length in enumerate(seconds):
        style = SessionOptions(seed=9, speaker=speaker, **options)
        session = Session(bundle, engine, style, sample_rate=RATE)
        session.push(speech_like(length, RATE, speaker))
        if ended:
            session.end()
        sessions.append(session)
    return sessions


def run(sessions, cancelled=None):
    """Final motion of each session, and the errors that came up."""
    parts, errors = {session: [] for session in sessions}, {}
    while waiting := [session for session in sessions if session.ready() and session not in errors]:
        for session, outcome in zip(waiting, step_together(waiting, cancelled), strict=True):
            if outcome.error is not None:
                errors[session] = outcome.error
            elif outcome.window.final_frames:
                parts[session].append(outcome.window.motion[: outcome.window.final_frames])
    return [concatenate(parts[session]) if parts[session] else None for session in sessions], errors


def alone(bundle, engine, speaker):
    speech = speech_like(SECONDS[speaker], RATE, speaker)
    return generate(bundle, engine, [speech], RATE, seed=9, speaker=speaker)


def assert_near(motion, expected):
    assert len(motion) == len(expected)
    for field in ('rotations', 'weights'):
        np.testing.assert_allclose(
            getattr(motion, field), getattr(expected, field), rtol=0, atol=1e-4
        )


def test_each_moves_as_it_would_alone(bundle, engine):
    motions, errors = run(open_sessions(bundle, engine))
    assert not errors
    # 105, 78 and 105 frames: two full windows of all, and then a short one that only two share.
    assert set(engine.rows) == {1, 2, 3}
    shared = len(engine.rows)
    expected = [alone(bundle, engine, speaker) for speaker in range(3)]
    assert shared < (len(engine.rows) - shared) / 2
    for motion, of_one in zip(motions, expected, strict=True):
        assert_near(motion, of_one)
    assert np.abs(motions[0].weights - motions[2].weights).max() > 0.01


def test_one_alone_is_the_same_bits(bundle, tiny_engine):
    (motion,), _ = run(open_sessions(bundle, tiny_engine, SECONDS[:1]))
    np.testing.assert_array_equal(motion.weights, alone(bundle, tiny_engine, 0).weights)


def test_first_and_later_windows_do_not_mix_and_a_session_may_join(bundle, tiny_engine):
    engine = Watched(tiny_engine)
    early, late = open_sessions(bundle, engine, (7.0, 7.0))
    (first,) = step_together([early])
    engine.rows.clear()
    second, joined = step_together([early, late])
    assert engine.rows == [1] * 40  # 15 calls of a later window, 25 of a first
    assert (first.window.index, second.window.index, joined.window.index) == (0, 1, 0)
    engine.rows.clear()
    step_together([early, late])
    assert engine.rows == [2] * 15


def test_other_settings_are_not_in_step(bundle, tiny_engine):
    engine = Watched(tiny_engine)
    faster = dataclasses.replace(
        bundle,
        config=dataclasses.replace(
            bundle.config,
            diffusion=dataclasses.replace(
                bundle.config.diffusion, sampling_steps=10, solver='dpmpp_2m'
            ),
        ),
    )
    sessions = open_sessions(bundle, engine, (3.0,)) + open_sessions(faster, engine, (3.0,))
    assert all(outcome.window for outcome in step_together(sessions))
    assert engine.rows == [1] * 35


def test_those_without_audio_wait_and_those_that_ended_late_are_concluded(bundle, tiny_engine):
    # 34 frames are ready before the end is known, and exactly 34 there are.
    waiting, ending = open_sessions(bundle, tiny_engine, (1.0, 2.332), ended=False)
    outcomes = step_together([waiting, ending])
    assert outcomes[0].window is None and outcomes[0].error is None
    assert not outcomes[1].window.last
    ending.end()
    outcomes = step_together([waiting, ending])
    assert outcomes[1].window.last and ending.finished
    assert step_together([ending])[0].window is None
    assert step_together([]) == []


def test_motion_that_is_not_finite_harms_nobody_else(bundle, tiny_engine):
    engine = Watched(tiny_engine)
    engine.broken_speaker = 1
    sessions = open_sessions(bundle, engine)
    motions, errors = run(sessions)
    assert list(errors) == [sessions[1]]
    assert isinstance(errors[sessions[1]], GenerationError)
    engine.broken_speaker = None
    for speaker in (0, 2):
        assert_near(motions[speaker], alone(bundle, engine, speaker))
    # Nothing has changed for the one that failed.
    (motion,), _ = run(sessions[1:2])
    assert_near(motion, alone(bundle, engine, 1))


def test_what_others_caught_from_a_broken_row_is_made_again(bundle, tiny_engine):
    class Spreading(Watched):
        """Scales all rows by what is in any of them, as integer arithmetic does."""

        def denoiser(self, conditions, steps):
            watched = super().denoiser(conditions, steps)
            return lambda x, step: (eps := watched(x, step)) + 0 * eps.max()

    engine = Spreading(tiny_engine)
    engine.broken_speaker = 1
    sessions = open_sessions(bundle, engine)
    outcomes = step_together(sessions)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]


def test_an_engine_that_raises_fails_for_all_and_can_be_tried_again(bundle, tiny_engine):
    engine = Watched(tiny_engine)
    engine.fault = RuntimeError('out of memory')
    sessions = open_sessions(bundle, engine)
    assert [str(outcome.error) for outcome in step_together(sessions)] == ['out of memory'] * 3
    engine.fault = None
    motions, errors = run(sessions)
    assert not errors
    assert_near(motions[0], alone(bundle, engine, 0))


def test_who_is_cancelled_drops_out(bundle, tiny_engine):
    engine = Watched(tiny_engine)
    sessions = open_sessions(bundle, engine)

    def cancelled(session):
        return session is sessions[1] and len(engine.rows) > 3

    outcomes = step_together(sessions, cancelled)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, Cancelled)
    motions, _ = run(sessions)
    assert_near(motions[1], alone(bundle, engine, 1))

    engine.rows.clear()
    outcomes = step_together(open_sessions(bundle, engine), lambda session: True)
    assert all(isinstance(outcome.error, Cancelled) for outcome in outcomes)
    assert engine.rows == []


def test_what_cannot_be_together_is_refused(bundle, tiny_engine):
    (session,) = open_sessions(bundle, tiny_engine, (1.0,))
    (other,) = open_sessions(bundle, Watched(tiny_engine), (1.0,))
    with pytest.raises(ValueError, match='given twice'):
        step_together([session, session])
    with pytest.raises(ValueError, match='different engines'):
        step_together([session, other])


def test_a_plan_serves_for_its_own_window_only(bundle, tiny_engine):
    (session,) = open_sessions(bundle, tiny_engine, (5.0,))
    plan = session.plan()
    x = tiny_engine.sample(plan.conditions, plan.sampling)[0]
    session.complete(plan, x)
    with pytest.raises(ValueError, match=r'frames \[0, 34\) were generated already'):
        session.complete(plan, x)
