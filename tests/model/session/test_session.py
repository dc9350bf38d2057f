import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffsheg_model.engines import Engine, create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.plan import Cancelled
from diffsheg_model.session.generate import generate
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from diffsheg_model.session.session import GenerationError, MotionWindow, Session
from diffsheg_model.session.session_options import SessionOptions
from tests.support.bundles import speech_like

RATE = 16000


def drain(session: Session) -> list[MotionWindow]:
    windows = []
    while (window := session.step()) is not None:
        windows.append(window)
    return windows


def run(bundle, engine, chunks, rate=RATE, **options) -> list[MotionWindow]:
    session = Session(bundle, engine, SessionOptions(**options), sample_rate=rate)
    windows = []
    for chunk in chunks:
        session.push(chunk)
        windows += drain(session)
    session.end()
    return windows + drain(session)


def final(windows: list[MotionWindow]) -> tuple[np.ndarray, np.ndarray]:
    """All final frames, in order: rotations and weights."""
    parts = [window.motion[: window.final_frames] for window in windows if window.final_frames]
    return (
        np.concatenate([part.rotations for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    sizes=st.lists(st.integers(1, 20_000), min_size=1, max_size=8),
    rate=st.sampled_from([16000, 22050, 48000]),
)
def test_any_chunking_equals_offline_bit_for_bit(fast_bundle, tiny_engine, sizes, rate):
    speech = speech_like(5.3, rate)
    offline = generate(fast_bundle, tiny_engine, [speech], rate, seed=3)
    chunks, start, turn = [], 0, 0
    while start < len(speech):
        size = max(sizes[turn % len(sizes)], 100)
        chunks.append(speech[start : start + size])
        start, turn = start + size, turn + 1
    rotations, weights = final(run(fast_bundle, tiny_engine, chunks, rate, seed=3))
    assert rotations.tobytes() == offline.rotations.tobytes()
    assert weights.tobytes() == offline.weights.tobytes()


def test_every_frame_is_final_once_and_windows_outpaint_each_other(fast_bundle, tiny_engine):
    windows = run(fast_bundle, tiny_engine, [speech_like(10.0)])
    assert [window.index for window in windows] == list(range(len(windows)))
    expected = 0
    for window in windows:
        assert window.start_frame == expected
        assert window.motion.start_frame == expected
        expected += window.final_frames
        assert np.isfinite(window.motion.rotations).all()
    assert expected == 150
    assert [window.last for window in windows] == [False] * (len(windows) - 1) + [True]
    assert [len(window.motion) for window in windows] == [34, 34, 34, 34, 30]
    # What one window painted at its end is where the next one begins.
    for before, after in zip(windows, windows[1:], strict=False):
        assert after.start_frame == before.start_frame + len(before.motion) - 4
        np.testing.assert_array_equal(before.motion.rotations[-4], after.motion.rotations[0])


def test_windows_come_as_soon_as_their_audio_has(fast_bundle, tiny_engine):
    session = Session(fast_bundle, tiny_engine, sample_rate=RATE)
    assert not session.ready()
    assert session.step() is None
    while session.frames_ready < 34:
        assert not session.ready()
        session.push(np.zeros(160, np.float32))
    assert session.ready()
    assert session.frames_waiting == 34
    assert session.step().final_frames == 30
    assert session.frames_waiting == 0
    assert session.step() is None


def test_end_on_a_window_boundary_still_ends_once(fast_bundle, tiny_engine):
    # 34 frames are ready before the end is known, and exactly 34 there are.
    windows = run(fast_bundle, tiny_engine, [speech_like(2.332), np.zeros(0, np.float32)])
    assert [window.last for window in windows] == [False, True]
    assert windows[1].start_frame == 30
    assert sum(window.final_frames for window in windows) == 34
    np.testing.assert_array_equal(windows[0].motion.weights[30:], windows[1].motion.weights)


def test_seed_utterance_speaker_and_audio_each_matter(fast_bundle, tiny_engine):
    speech = speech_like(3.0)
    variants = [
        final(run(fast_bundle, tiny_engine, [audio], **options))[0]
        for audio, options in [
            (speech, {}),
            (speech, {'seed': 1}),
            (speech, {'utterance': 1}),
            (speech, {'speaker': 1}),
            (speech_like(3.0, seed=1), {}),
        ]
    ]
    again = final(run(fast_bundle, tiny_engine, [speech]))[0]
    np.testing.assert_array_equal(variants[0], again)
    for number, one in enumerate(variants):
        for other in variants[number + 1 :]:
            assert not np.array_equal(one, other)


def test_no_overlap_makes_windows_independent(fast_bundle, tiny_engine):
    bundle = with_sampler(fast_bundle, SamplerOptions(overlap=0))
    windows = run(bundle, tiny_engine, [speech_like(5.0)])
    assert [len(window.motion) for window in windows] == [34, 34, 7]
    assert all(len(window.motion) == window.final_frames for window in windows)


def test_empty_utterance_gives_one_empty_last_window(fast_bundle, tiny_engine):
    for chunks in ([], [np.zeros(0, np.float32)], [np.zeros(1, np.float32)]):
        (window,) = run(fast_bundle, tiny_engine, chunks)
        assert window.last
        assert len(window.motion) == window.final_frames == 0


def test_offline_audio_shorter_than_a_frame_is_refused(fast_bundle, tiny_engine):
    with pytest.raises(InputError, match='less than one frame'):
        generate(fast_bundle, tiny_engine, [np.zeros(1, np.float32)], RATE)


@pytest.mark.parametrize(
    'options, message',
    [
        ({'seed': -1}, 'seed = -1'),
        ({'utterance': -1}, 'utterance = -1'),
        ({'speaker': 4}, r'speaker = 4: .* 0\.\.3'),
        ({'speaker': -1}, 'speaker = -1'),
        ({'guidance_scale': 11.0}, 'guidance_scale = 11'),
        ({'live': LiveOptions(hop=40)}, 'hop'),
    ],
)
def test_values_out_of_range_are_named(fast_bundle, tiny_engine, options, message):
    with pytest.raises(InputError, match=message):
        Session(fast_bundle, tiny_engine, SessionOptions(**options), sample_rate=RATE)


def test_a_rate_or_an_overlap_out_of_range_is_named(fast_bundle, tiny_engine):
    with pytest.raises(InputError, match='4000'):
        Session(fast_bundle, tiny_engine, sample_rate=4000)
    with pytest.raises(InputError, match='overlap = 34'):
        with_sampler(fast_bundle, SamplerOptions(overlap=34))


def test_features_and_motion_are_forgotten_behind_the_windows(fast_bundle, tiny_engine):
    session = Session(fast_bundle, tiny_engine, sample_rate=RATE)
    sizes = []
    for _ in range(12):
        session.push(speech_like(2.0))
        drain(session)
        stream = session._features
        tail = 0 if session._last is None else session._last[1].size
        sizes.append(len(stream._mel) * 128 + len(stream._mel_audio._samples) + tail)
    assert max(sizes[6:]) <= max(sizes[:6])


def test_cancelling_mid_window_changes_nothing(fast_bundle, tiny_engine):
    speech = speech_like(5.0)
    expected = final(run(fast_bundle, tiny_engine, [speech]))[0]
    session = Session(fast_bundle, tiny_engine, sample_rate=RATE)
    session.push(speech)
    session.end()
    windows = [session.step()]
    asked = []
    with pytest.raises(Cancelled):
        session.step(lambda: len(asked) == 2 or asked.append(1))
    assert len(asked) == 2
    windows += drain(session)
    np.testing.assert_array_equal(final(windows)[0], expected)


class BrokenEngine(Engine):
    """The real engine, whose answers are not finite from one call on."""

    precision = 'fp32'
    name = 'broken'

    def __init__(self, engine):
        self.engine = engine
        self.broken = False

    def denoiser(self, conditions, steps):
        denoise = self.engine.denoiser(conditions, steps)
        return lambda x, step: denoise(x, step) * np.float32(np.nan if self.broken else 1)

    def close(self):
        pass


def test_motion_that_is_not_finite_is_an_error_and_can_be_skipped(fast_bundle, tiny_engine):
    engine = BrokenEngine(tiny_engine)
    session = Session(fast_bundle, engine, sample_rate=RATE)
    session.push(speech_like(10.0))
    session.end()
    first = session.step()
    engine.broken = True
    with pytest.raises(GenerationError, match='not finite in window 1'):
        session.step()
    engine.broken = False
    session.skip()
    rest = drain(session)
    assert rest[0].start_frame == 60
    assert rest[-1].last
    motion = final([first, *rest])[0]
    assert np.isfinite(motion).all()
    assert len(motion) == 150 - 30


def test_skipping_the_last_window_still_ends(fast_bundle, tiny_engine):
    session = Session(fast_bundle, tiny_engine, sample_rate=RATE)
    session.push(speech_like(1.0))
    session.end()
    session.skip()
    (window,) = drain(session)
    assert window.last
    assert len(window.motion) == 0
    assert session.finished


def test_torch_engine_gives_the_same_motion(fast_bundle, tiny_engine):
    pytest.importorskip('torch')
    speech = speech_like(3.0)
    ours = final(run(fast_bundle, tiny_engine, [speech]))[0]
    torch_engine = create_engine('torch', fast_bundle, threads=1)
    np.testing.assert_allclose(
        final(run(fast_bundle, torch_engine, [speech]))[0], ours, rtol=0, atol=1e-3
    )


def test_windows_are_frozen(fast_bundle, tiny_engine):
    (window,) = run(fast_bundle, tiny_engine, [speech_like(1.0)])
    with pytest.raises(dataclasses.FrozenInstanceError):
        window.last = False
