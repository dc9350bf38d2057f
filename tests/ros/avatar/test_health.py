"""Rates, delays and the judgement on them."""

import dataclasses

import pytest

from diffsheg_ros.avatar.counters import AvatarCounters, WorkerCounters
from diffsheg_ros.avatar.health import Health
from diffsheg_ros.avatar.snapshot import AvatarSnapshot
from diffsheg_ros.avatar.worker_stats import WorkerStats
from diffsheg_ros.diagnostics.meters import Arrivals, Rate, Spans
from diffsheg_ros.diagnostics.report import ERROR, OK, RECENT_S, WARN

ZERO = WorkerStats('', '', 0, 0, 0.0, 0.0, 0.0, 0.0, WorkerCounters(), {}, '')
WELL = AvatarSnapshot(
    lifecycle='active',
    state='speaking',
    worker_alive=True,
    publish_rate_hz=60.0,
    fps=59.8,
    preset='quality',
    hop_s=2.0,
    engine='onnxruntime',
    precision='fp32',
    playout_delay_s=2.72,
    counters=AvatarCounters(),
    worker=ZERO,
)


def changed(snapshot: AvatarSnapshot = WELL, **values) -> AvatarSnapshot:
    """With other values of its own, of its counters or of the worker's."""

    def given(kind: type) -> dict[str, object]:
        names = {field.name for field in dataclasses.fields(kind)}
        return {name: value for name, value in values.items() if name in names}

    return dataclasses.replace(
        snapshot,
        **given(AvatarSnapshot),
        worker=dataclasses.replace(snapshot.worker, **given(WorkerStats)),
        counters=dataclasses.replace(snapshot.counters, **given(AvatarCounters)),
    )


def test_all_is_well():
    report = Health().report(0.0, WELL)
    assert (report.level, report.message) == (OK, 'speaking')
    expected = {
        'lifecycle': 'active', 'state': 'speaking', 'fps': '59.8', 'latency_p50_s': '0.000',
        'latency_p95_s': '0.000', 'queue_s': '0.00', 'gaps': '0', 'drops': '0',
        'engine': 'onnxruntime', 'precision': 'fp32', 'playout_delay_s': '2.720',
        'preset': 'quality', 'hop': '0', 'hop_s': '2.000', 'lookahead': '0', 'provisional': '0',
    }  # fmt: skip
    assert expected.items() <= report.values.items()


def test_before_it_is_configured_there_is_little_to_say():
    report = Health().report(0.0, AvatarSnapshot(lifecycle='unconfigured', state='unconfigured'))
    assert (report.level, report.message) == (OK, 'unconfigured')


@pytest.mark.parametrize(
    ('values', 'level', 'words'),
    [
        ({'failure': 'cannot configure: no'}, ERROR, 'cannot configure: no'),
        ({'worker_alive': False}, ERROR, 'thread is not running'),
        ({'failed_windows': 1, 'last_error': 'boom'}, ERROR, 'the engine failed (boom)'),
        ({'callback_errors': 1}, ERROR, 'publishing motion failed'),
        ({'faults': 1}, ERROR, 'a callback failed'),
        ({'last_fallback': 'engine a failed; b has taken over'}, WARN, 'taken over until'),
        ({'namesakes': 1}, WARN, 'another node has this name'),
        ({'fps': 40.0}, WARN, 'publishing at 40.0 of 60 Hz'),
        ({'latency_p95_s': 2.5}, WARN, ''),
        ({'late_windows': 2}, WARN, 'motion came too late'),
        ({'dropped_chunks': 2}, WARN, 'audio was dropped'),
        ({'rejected_chunks': 2}, WARN, 'chunks were rejected'),
        ({'rate_changes': 1}, WARN, 'sample rate changed'),
        ({'lost_samples': 160}, WARN, 'audio was lost'),
        ({'stalls': 1}, WARN, 'without its last chunk'),
        ({'underruns': 1}, WARN, 'the body was held'),
        ({'long_hops': 1, 'windows': 10}, WARN, 'raise hop, or choose preset balanced'),
        ({'long_hops': 1, 'windows': 11}, OK, 'speaking'),
        ({'resyncs': 1}, WARN, 'audio jumped by more than max_gap_s'),
        ({'dropped_emphases': 1}, WARN, 'too many Emphasis messages'),
        ({'late_emphases': 1}, WARN, 'came after its span'),
        ({'unstamped_chunks': 1}, WARN, 'no stamp'),
        ({'lost_messages': 1}, WARN, 'best effort loses most messages'),
        ({'early_chunks': 1}, WARN, 'before the sound before them is over'),
        ({'sender_mistakes': 1}, WARN, 'makes a mistake'),
        ({'sender_mistakes': 1, 'remarks': {'sender_mistakes': 'named'}}, WARN, 'named [sender_'),
        ({'untimely_chunks': 1}, WARN, "far from this node's clock"),
        ({'stale_chunks': 5, 'windows': 3, 'interrupts': 1, 'clock_steps': 1}, OK, 'speaking'),
    ],
    ids=lambda value: ','.join(value) if isinstance(value, dict) else '',
)
def test_what_is_wrong_is_said(values, level, words):
    health = Health()
    assert health.report(0.0, WELL).level == OK
    report = health.report(1.0, changed(**values))
    assert report.level == level
    assert words in report.message and '\n' not in report.message


def test_a_slow_engine_is_told_from_slow_speech():
    slow = dataclasses.replace(ZERO, latency_p95_s=2.5)
    report = Health().report(0.0, dataclasses.replace(WELL, worker=slow, latency_p95_s=9.0))
    assert report.level == WARN
    assert 'generating 2.00 s of motion takes 2.50 s' in report.message


def test_live_windows_are_of_several_lengths_and_judged_by_whether_they_come_late():
    live = changed(hop=2, hop_s=0.13, latency_p95_s=0.2)
    assert Health().report(0.0, live).level == OK
    late = Health().report(0.0, changed(live, long_hops=5, windows=10))
    assert late.level == WARN and 'raise hop' in late.message


def test_news_gets_old():
    health = Health()
    health.report(0.0, WELL)
    lossy = changed(lost_samples=160)
    for second in range(1, round(RECENT_S) + 1):
        assert health.report(float(second), lossy).level == WARN
    assert health.report(RECENT_S + 2, lossy).level == OK
    assert health.report(RECENT_S + 3, changed(lost_samples=320)).level == WARN


def test_counters_that_begin_anew_are_no_news():
    health = Health()
    health.report(0.0, changed(lost_samples=1000))
    health.report(20.0, changed(lost_samples=1000))
    assert health.report(21.0, WELL).level == OK


def test_an_engine_that_has_taken_over_is_told_until_the_next_configuring():
    health = Health()
    fallen = changed(last_fallback='engine a failed; b has taken over', fallbacks=1)
    for second in (0.0, 1.0, 10 * RECENT_S):
        report = health.report(second, fallen)
        assert report.level == WARN
        assert report.values['fallbacks'] == '1'
        assert report.values['last_fallback'] == 'engine a failed; b has taken over'
    assert health.report(200.0, dataclasses.replace(fallen, lifecycle='inactive')).level == WARN
    assert health.report(201.0, changed(fallbacks=0)).level == OK


def test_the_worst_comes_first():
    report = Health().report(0.0, changed(namesakes=1, lost_samples=1, worker_alive=False))
    assert report.level == ERROR
    assert report.message.startswith('the generating thread')
    assert report.message.count('; ') >= 2


def test_percentiles_are_those_of_the_last_durations():
    spans = Spans(remembered=4)
    assert spans.percentile(95) == 0
    for seconds in (100.0, 1.0, 2.0, 3.0, 4.0):
        spans.add(seconds)
    assert spans.percentile(50) == 2.5
    assert spans.percentile(100) == 4.0


def test_a_rate_is_measured_over_the_last_seconds():
    rate = Rate(over_s=2.0)
    for tick in range(300):
        rate.tick(tick / 60)
        if tick < 60:
            assert rate.per_second(tick / 60) == 0
    assert rate.per_second(5.0) == pytest.approx(60)
    assert rate.per_second(10.0) == 0


def test_the_arrival_of_a_sample_is_remembered():
    arrivals = Arrivals(remembered=2)
    for index in range(3):
        arrivals.add(100 * index, 100 * (index + 1), float(index))
    assert arrivals.arrived_s(150) == 1.0
    assert arrivals.arrived_s(299) == 2.0
    assert arrivals.arrived_s(50) is None and arrivals.arrived_s(300) is None
