"""Thread that owns one engine, so that callers need not wait for a call that hangs."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from diffsheg_model.engines.engine import Engine

T = TypeVar('T')

logger = logging.getLogger(__name__)


class EngineThread:
    """Thread that loads, runs and closes an engine.

    The thread is a daemon, so the process can end although a call hangs.

    Attributes:
        loaded: future of the loaded engine, or of the error of loading.
    """

    def __init__(self, load: Callable[[], Engine]) -> None:
        """Start the thread, which loads the engine."""
        self.loaded: Future[Engine] = Future()
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[Engine], Any]] | None]
        self._calls = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(
            target=self._run, args=(load,), name='engine_thread', daemon=True
        )
        self._thread.start()

    def submit(self, call: Callable[[Engine], T]) -> Future[T]:
        """Call a function with the engine, after all calls submitted before.

        Raises:
            RuntimeError: the thread is closed.
        """
        future: Future[T] = Future()
        with self._lock:
            # Nothing would ever run a call after the end of the queue.
            if self._closed:
                raise RuntimeError('the engine is closed')
            self._calls.put((future, call))
        return future

    def close(self, wait_s: float = 0.0) -> None:
        """Close the engine after the current call; wait up to `wait_s` seconds for that."""
        with self._lock:
            self._closed = True
            self._calls.put(None)
        self._thread.join(wait_s)

    def _run(self, load: Callable[[], Engine]) -> None:
        try:
            engine = load()
        except BaseException as error:
            self.loaded.set_exception(error)
            return
        self.loaded.set_result(engine)
        while (task := self._calls.get()) is not None:
            future, call = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call(engine))
            except BaseException as error:
                # The waiting thread must get every error, also SystemExit.
                future.set_exception(error)
            # Do not keep the call's window in memory until the next call.
            del task, future, call
        try:
            engine.close()
        except Exception:
            logger.exception('engine %s could not be closed', engine.name)
