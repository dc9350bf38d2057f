"""Warming up runs the engine and shows nothing."""

from diffsheg_ros.avatar.worker import MotionWorker


def test_warm_up_runs_the_engine(tiny_bundle, gate, receiver):
    worker = MotionWorker(tiny_bundle, gate, receiver.on_window)
    assert worker.warm_up() >= 0
    assert gate.calls == 25 + 4 * 27
    assert receiver.windows == []
    assert worker.stats().counters.windows == 0
