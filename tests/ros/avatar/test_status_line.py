"""The line that the avatar logs now and then."""

import dataclasses

from diffsheg_ros.avatar.status_line import StatusLine
from tests.ros.avatar.test_health import WELL, changed


def test_it_comes_once_a_period_and_counts_what_has_happened_since():
    line = StatusLine(60.0)
    begun = changed(
        utterances=5, underruns=1, lost_samples=70, latency_p95_s=0.06, dropped_chunks=1, hop_s=0.13
    )
    begun = dataclasses.replace(begun, latency_p50_s=0.21, latency_p95_s=0.24)
    assert line.text(100.0, 3.0, begun) is None
    assert line.text(159.0, 3.0, begun) is None
    later = changed(
        begun, utterances=8, underruns=2, lost_samples=70, dropped_chunks=2, rejected_chunks=4
    )
    later = dataclasses.replace(later, latency_p95_s=0.24)
    assert line.text(160.0, 33.0, later) == (
        'speaking: 59.8 Hz, latency 0.21/0.24 s, windows 0.06 s of 0.13, CPU 0.50 cores; in 60 s 3 '
        'utterances, 1 under-run, 5 drops, 0 lost samples; onnxruntime fp32'
    )
    assert line.text(219.0, 33.0, later) is None
    assert '; in 61 s 0 utterances, 0 under-runs, 0 drops' in line.text(221.0, 34.0, later)


def test_what_is_not_known_yet_is_left_out():
    line = StatusLine(10.0)
    line.text(0.0, 0.0, WELL)
    assert line.text(10.0, 1.0, WELL) == (
        'speaking: 59.8 Hz, CPU 0.10 cores; in 10 s 0 utterances, 0 under-runs, 0 drops, 0 lost '
        'samples; onnxruntime fp32'
    )


def test_an_avatar_that_is_not_active_is_silent_and_begins_anew():
    line = StatusLine(10.0)
    line.text(0.0, 0.0, changed(utterances=9))
    assert line.text(20.0, 0.0, dataclasses.replace(WELL, lifecycle='inactive')) is None
    # Counters that were reset meanwhile do not become negative.
    assert line.text(30.0, 0.0, WELL) is None
    assert ' 0 utterances' in line.text(40.0, 0.0, WELL)


def test_a_period_of_zero_says_nothing():
    line = StatusLine(0)
    assert line.text(0.0, 0.0, WELL) is None and line.text(1e6, 0.0, WELL) is None
