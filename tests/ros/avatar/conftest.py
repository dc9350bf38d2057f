"""A motion worker on a tiny model."""

import pytest

from diffsheg_model.session.session_options import SessionOptions
from diffsheg_ros.avatar.worker import MotionWorker
from tests.support.motion_worker import LIMIT_S, LIVE, PATIENT, Gate, Receiver


@pytest.fixture
def gate(tiny_engine):
    gate = Gate(tiny_engine)
    yield gate
    gate.open.set()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def worker(fast_bundle, gate, receiver):
    worker = MotionWorker(
        fast_bundle,
        gate,
        receiver.on_window,
        on_interrupt=receiver.interrupts.append,
        hearing=PATIENT,
    )
    worker.start()
    yield worker
    gate.open.set()
    assert worker.stop(LIMIT_S)


@pytest.fixture
def start(fast_bundle, tiny_engine, receiver):
    """Starts workers whose engine can be held, as `start.gate`."""
    workers = []
    gate = Gate(tiny_engine)

    def start(**options):
        options = {'session': SessionOptions(live=LIVE), 'hearing': PATIENT} | options
        worker = MotionWorker(
            fast_bundle,
            gate,
            receiver.on_window,
            on_interrupt=receiver.interrupts.append,
            **options,
        )
        worker.start()
        workers.append(worker)
        return worker

    start.gate = gate
    yield start
    gate.open.set()
    assert all(worker.stop(LIMIT_S) for worker in workers)
