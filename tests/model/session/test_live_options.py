"""Live planning: the same motion live and offline, from no more sound than has been heard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_model.config import FeatureConfig
from diffsheg_model.features.stream import FeatureStream
from diffsheg_model.motion.motion import concatenate
from diffsheg_model.session.generate import generate
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from diffsheg_model.session.session import Session
from diffsheg_model.session.session_options import SessionOptions
from tests.model.features.test_stream import made_speech
from tests.model.session.test_session import RATE, speech_like

LIVE = LiveOptions(hop=2, lookahead=3, provisional=4)
FAST = SamplerOptions(overlap=8, jump_n_sample=1, start_fraction=0.4, guidance_scale=1.0)


@pytest.fixture(scope='module')
def bundle(tiny_bundle):
    return with_sampler(tiny_bundle, FAST)


def live_session(bundle, engine, live=LIVE, **options):
    options = SessionOptions(live=live, **options)
    return Session(bundle, engine, options, sample_rate=RATE)


def steps(session, **options):
    windows = []
    while (window := session.step(**options)) is not None:
        windows.append(window)
    return windows


def final(windows):
    return concatenate([w.motion[: w.final_frames] for w in windows if w.final_frames])


def speak(session, samples, cuts, **options):
    """All windows, of speech that comes in pieces."""
    windows = []
    for piece in np.split(samples, cuts):
        session.push(piece)
        windows += steps(session, **options)
    session.end()
    return windows + steps(session)


@settings(deadline=None, max_examples=6)
@given(data=st.data())
def test_any_pieces_shorter_than_a_frame_give_the_motion_of_generate(bundle, tiny_engine, data):
    speech = speech_like(3.1)
    offline = generate(bundle, tiny_engine, [speech], RATE, live=LIVE)
    lengths = data.draw(st.lists(st.integers(1, RATE // 15), min_size=60, max_size=120))
    cuts = [cut for cut in np.cumsum(lengths) if cut < len(speech)]
    cuts += list(range(cuts[-1] if cuts else 0, len(speech), RATE // 15))
    motion = final(speak(live_session(bundle, tiny_engine), speech, sorted(set(cuts))))
    assert motion.rotations.tobytes() == offline.rotations.tobytes()
    assert motion.weights.tobytes() == offline.weights.tobytes()


def test_every_frame_comes_once_and_as_soon_as_its_lag_allows(bundle, tiny_engine):
    session = live_session(bundle, tiny_engine)
    speech = speech_like(4.0)
    edges = [-(-frame * RATE // 15) for frame in range(1, 61)]
    done = 0
    for frame, (start, end) in enumerate(zip([0, *edges], edges, strict=False), start=1):
        session.push(speech[start:end])
        for window in steps(session):
            assert window.start_frame == done
            done += window.final_frames
            assert len(window.motion) == window.final_frames + LIVE.provisional
        assert done == max(0, (frame - LIVE.lag_frames) // LIVE.hop + 1) * LIVE.hop
    session.end()
    last = steps(session)
    assert last[-1].last and done + sum(w.final_frames for w in last) == session.total_frames == 60


@pytest.mark.parametrize('frames', range(1, 12))
def test_there_is_as_much_motion_as_sound(bundle, tiny_engine, frames):
    speech = speech_like(1.0)[: -(-frames * RATE // 15) + 50]
    windows = speak(live_session(bundle, tiny_engine), speech, range(400, len(speech), 400))
    assert len(final(windows)) == frames
    assert windows[-1].last and not any(window.last for window in windows[:-1])
    # Nothing beyond the sound stays planned.
    last = windows[-1]
    assert last.start_frame + len(last.motion) == frames
    assert len(last.motion) > 0


@pytest.mark.parametrize('seconds', [0.1, 1.0, 1.88, 3.1])
def test_the_engine_gets_windows_of_one_length(bundle, tiny_engine, seconds):
    session = live_session(bundle, tiny_engine)
    lengths = set()

    def take_windows():
        while (plan := session.plan()) is not None:
            lengths.add(plan.sampling.start.shape[1])
            session.complete(plan, tiny_engine.sample(plan.conditions, plan.sampling)[0])

    for piece in np.split(speech_like(seconds), range(400, int(seconds * RATE), 400)):
        session.push(piece)
        take_windows()
    session.end()
    take_windows()
    assert lengths == {bundle.config.format.window_frames}


def test_the_sound_to_come_makes_no_difference_to_a_window(bundle, tiny_engine):
    speech, other = speech_like(4.0), speech_like(4.0)
    heard = 30 * RATE // 15
    other[heard:] = 0.3
    first, second = (live_session(bundle, tiny_engine) for _ in range(2))
    one, two = [], []
    for frame in range(45):
        cut = slice(frame * RATE // 15, (frame + 1) * RATE // 15)
        first.push(speech[cut])
        second.push(other[cut])
        one += steps(first)
        two += steps(second)
    same = [
        np.array_equal(a.motion.weights, b.motion.weights) for a, b in zip(one, two, strict=True)
    ]
    planned_on = [LIVE.lag_frames + LIVE.hop * number for number in range(len(one))]
    assert same == [frames <= 30 for frames in planned_on]


def test_speech_that_is_all_there_is_planned_in_whole_windows(bundle, tiny_engine):
    session = live_session(bundle, tiny_engine)
    session.push(speech_like(6.0))
    windows = steps(session, patient=True)
    assert [window.final_frames for window in windows] == [26, 26, 26]
    session.end()
    windows += steps(session)
    assert sum(window.final_frames for window in windows) == session.total_frames


def test_one_that_fell_behind_catches_up_and_goes_on_with_short_hops(bundle, tiny_engine):
    session = live_session(bundle, tiny_engine)
    speech = speech_like(8.0)
    session.push(speech[:RATE])
    session.step()
    session.push(speech[RATE : 4 * RATE])  # while nobody asked
    windows = steps(session)
    assert windows[0].final_frames > LIVE.hop
    before = session.final_frames
    for start in range(4 * RATE, 6 * RATE, RATE // 50):
        session.push(speech[start : start + RATE // 50])
        windows += steps(session)
    assert windows[-1].final_frames == LIVE.hop
    assert session.final_frames > before + 24
    starts = [window.start_frame for window in windows]
    assert starts == sorted(starts)


def test_a_window_left_out_leaves_its_frames_out(bundle, tiny_engine):
    session = live_session(bundle, tiny_engine)
    speech = speech_like(3.0)
    session.push(speech[: RATE // 2])
    session.step()
    session.push(speech[RATE // 2 : RATE])
    before = session.final_frames
    session.skip()
    after = session.final_frames
    session.push(speech[RATE : RATE * 3 // 2])
    assert after > before and session.step().start_frame == after


def test_style_seed_and_guidance_change_between_windows(bundle, tiny_engine):
    speech = speech_like(3.0)

    def spoken(change):
        session = live_session(bundle, tiny_engine)
        windows = []
        for start in range(0, len(speech), 800):
            if start == RATE:
                session.restyle(*change)
            session.push(speech[start : start + 800])
            windows += steps(session)
        return windows

    plain, changed = spoken((0, 0, 1.0)), spoken((3, 2, 1.0))
    equal = [
        np.array_equal(a.motion.weights, b.motion.weights)
        for a, b in zip(plain, changed, strict=True)
    ]
    first = equal.index(False)
    assert 0 < first < len(equal) and not any(equal[first:])
    # The frames before the change are what the changed windows went on from.
    assert changed[first].start_frame == plain[first].start_frame


class TestFeaturesAhead:
    """Features of sound that has not all been heard."""

    @pytest.mark.parametrize('rate', [8000, 16000, 22050, 44100, 48000, 11027])
    def test_depend_on_the_heard_alone_and_agree_where_it_suffices(self, rate):
        speech = made_speech(4.0, rate)
        whole = FeatureStream(FeatureConfig(), 15, rate, ahead=True)
        whole.push(speech)
        for heard, start, end in ((2, -20, 9), (33, 5, 39), (50, 20, 50)):
            part = FeatureStream(FeatureConfig(), 15, rate, ahead=True)
            needed = -(-heard * rate // 15)
            for first in range(0, needed, rate // 50):
                part.push(speech[first : min(needed, first + rate // 50)])
            ahead = part.features_ahead(start, end, heard).mel
            assert ahead.tobytes() == whole.features_ahead(start, end, heard).mel.tobytes()
            assert ahead.shape == (end - start, 128) and np.isfinite(ahead).all()
            assert (ahead[: max(0, -start)] == 0).all()
            settled = heard - 2  # half an FFT and the filters reach no farther
            if settled > max(start, 0):
                expected = whole.features(max(start, 0), settled).mel
                got = ahead[max(0, -start) : settled - start]
                np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6 * expected.max())

    def test_memory_stays_flat(self, bundle, tiny_engine):
        session = live_session(bundle, tiny_engine)
        sizes = []
        for _ in range(12):
            for piece in np.split(speech_like(2.0), 40):
                session.push(piece)
                steps(session)
            stream = session._features
            sizes.append(len(stream._heard._samples) + 128 * len(stream._mel))
        assert max(sizes[6:]) <= max(sizes[:6])

    def test_frames_that_are_gone_or_not_heard_are_refused(self):
        stream = FeatureStream(FeatureConfig(), 15, RATE, ahead=True)
        stream.push(speech_like(2.0))
        for start, end, heard in ((0, 34, 31), (0, 34, 0), (5, 10, 12), (12, 20, 12)):
            with pytest.raises(IndexError):
                stream.features_ahead(start, end, heard)
