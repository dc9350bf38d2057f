"""The sequence of windows: what is final stays final, and nothing is left out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_model.config import FoppasConfig
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import next_window
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.window_planner import WindowPlanner

T = 34
OVERLAP = 8


@st.composite
def options(draw):
    hop, provisional = draw(st.integers(1, 13)), draw(st.integers(0, 13))
    return LiveOptions(hop, draw(st.integers(0, provisional)), provisional)


@st.composite
def planners(draw):
    """A planner, its window length and overlap, and its live options."""
    window_frames = draw(st.integers(2, 60))
    overlap = draw(st.integers(0, window_frames - 1))
    room = window_frames - max(1, overlap)
    hop = draw(st.integers(1, room))
    provisional = draw(st.integers(0, room - hop))
    live = LiveOptions(hop, draw(st.integers(0, provisional)), provisional)
    return WindowPlanner(window_frames, overlap, live), window_frames, overlap, live


def run(planner, hearing, total, patient=lambda heard: False, settling=4):
    """Asks for windows as sound comes, `hearing` frames at a time: (heard, span) of each."""
    spans, heard = [], 0
    for frames in hearing:
        heard = min(total, heard + frames)
        settled = max(0, heard - settling)
        while (span := planner.next(heard, settled, None, patient(heard))) is not None:
            spans.append((heard, span))
            planner.advance(span)
    while (span := planner.next(total, total, total)) is not None:
        spans.append((total, span))
        planner.advance(span)
    return spans


@settings(deadline=None, max_examples=200)
@given(
    planned=planners(),
    hearing=st.lists(st.integers(0, 60), max_size=40),
    total=st.integers(1, 400),
    patient=st.booleans(),
)
def test_windows_go_on_from_what_is_final_and_leave_nothing_out(planned, hearing, total, patient):
    planner, window_frames, overlap, live = planned
    spans = run(planner, hearing, total, lambda heard: patient and heard % 3 == 0)
    final = 0
    start = -window_frames
    on_heard = True  # whether the window before was, or there was none
    for heard, span in spans:
        assert span.start <= final < span.final <= span.end  # goes on, with new final frames
        assert span.start >= start and span.end - span.start <= window_frames
        if on_heard and live.hop + live.provisional >= overlap:
            # One length, which the engine knows: a new one can cost it a second.
            assert span.end - span.start == window_frames
        if span.heard is None:
            assert span.end <= total or (on_heard and span.final == total)
            assert span.start >= 0 or on_heard
        else:
            assert 1 <= span.heard <= heard
            assert span.end == span.heard + live.lookahead == span.final + live.provisional
            assert (span.final - final) % live.hop == 0
        start, final, on_heard = span.start, span.final, span.heard is not None
    # No frame is final beyond the sound; what is not final at its end was planned on all of it.
    assert planner.final <= total <= planner.end
    assert planner.final == total or spans[-1][1].heard is None


@settings(deadline=None)
@given(hearing=st.lists(st.integers(0, 60), max_size=30), total=st.integers(1, 400))
def test_without_live_options_the_windows_are_the_published_ones(hearing, total):
    spans = [span for _, span in run(WindowPlanner(T, OVERLAP), hearing, total)]
    window, expected = None, []
    while (window := next_window(window, T, OVERLAP, total)) is not None:
        expected.append(window)
    assert [(span.start, span.end) for span in spans] == expected
    assert all(span.heard is None for span in spans)


@settings(deadline=None)
@given(live=options(), total=st.integers(40, 200))
def test_sound_that_comes_frame_by_frame_gives_a_window_a_hop(live, total):
    spans = run(WindowPlanner(T, OVERLAP, live), [1] * total, total)
    on_heard = [(heard, span) for heard, span in spans if span.heard is not None]
    for number, (heard, span) in enumerate(on_heard):
        assert span.final == (number + 1) * live.hop
        assert heard == span.heard == number * live.hop + live.lag_frames


def test_who_is_late_takes_several_hops_at_once_and_then_whole_windows():
    live = LiveOptions(hop=2, lookahead=2, provisional=4)
    planner = WindowPlanner(T, OVERLAP, live)
    planner.advance(planner.next(heard=4, settled=0, total=None))
    late = planner.next(heard=11, settled=7, total=None)
    assert (planner.final, late.final, late.heard) == (2, 8, 10)
    whole = planner.next(heard=60, settled=56, total=None)
    assert (whole.start, whole.end, whole.heard) == (0, T, None)


def test_a_patient_one_waits_for_whole_windows():
    planner = WindowPlanner(T, OVERLAP, LiveOptions())
    assert planner.next(heard=30, settled=26, total=None, patient=True) is None
    assert planner.next(heard=30, settled=26, total=None) is not None
    assert planner.next(heard=38, settled=T, total=None, patient=True).heard is None
    assert planner.next(heard=30, settled=30, total=30, patient=True).final == 30


@pytest.mark.parametrize(
    ('hop', 'lookahead', 'provisional', 'why'),
    [
        (0, 0, 0, 'hop = 0: must be 1 or more'),
        (2, -1, 0, 'lookahead = -1: must be 0 or more'),
        (2, 0, -1, 'provisional = -1: must be 0 or more'),
        (2, 6, 4, r'lookahead = 6: must be at most provisional = 4'),
        (20, 0, 8, r'hop \+ provisional = 20 \+ 8: must be at most 26 in windows of 34 frames'),
    ],
)
def test_options_that_do_not_go_together_are_named(hop, lookahead, provisional, why):
    with pytest.raises(InputError, match=why):
        LiveOptions(hop, lookahead, provisional).check(T, FoppasConfig(overlap=OVERLAP))
