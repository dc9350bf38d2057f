"""An engine is loaded, called and closed in one thread of its own."""

import threading

import pytest

from diffsheg_model.engines.engine_thread import EngineThread


class Recorder:
    """An engine that notes the threads in which it is used."""

    name = 'recorder'

    def __init__(self):
        self.threads = [threading.get_ident()]
        self.closed = False

    def call(self, value):
        self.threads.append(threading.get_ident())
        return value

    def close(self):
        self.threads.append(threading.get_ident())
        self.closed = True


def test_everything_happens_in_the_same_thread_and_in_order():
    thread = EngineThread(Recorder)
    engine = thread.loaded.result(60)
    futures = [thread.submit(lambda engine, value=value: engine.call(value)) for value in range(5)]
    assert [future.result(60) for future in futures] == list(range(5))
    thread.close(60)
    assert engine.closed and len(engine.threads) == 7
    assert set(engine.threads) != {threading.get_ident()} and len(set(engine.threads)) == 1
    with pytest.raises(RuntimeError, match='the engine is closed'):
        thread.submit(engine.call)


def test_errors_of_loading_and_of_calls_reach_the_caller():
    def fail(*engine):
        raise SystemExit('no device')

    with pytest.raises(SystemExit, match='no device'):
        EngineThread(fail).loaded.result(60)
    thread = EngineThread(Recorder)
    with pytest.raises(SystemExit, match='no device'):
        thread.submit(fail).result(60)
    assert thread.submit(lambda engine: engine.call('goes on')).result(60) == 'goes on'
    thread.close(60)


def test_a_cancelled_call_is_left_out_and_closing_does_not_wait_for_a_call_that_hangs():
    thread, release = EngineThread(Recorder), threading.Event()
    engine = thread.loaded.result(60)
    hanging = thread.submit(lambda engine: release.wait(60))
    cancelled = thread.submit(lambda engine: engine.call('never'))
    assert cancelled.cancel()
    thread.close()
    assert not engine.closed
    release.set()
    thread.close(60)
    assert hanging.result(60) and engine.closed and len(engine.threads) == 2
