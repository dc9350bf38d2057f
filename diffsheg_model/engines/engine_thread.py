"""A thread that owns one engine, so that nobody has to wait for a call that never returns."""

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
    """Loads an engine, runs it and closes it, all in one thread of its own.

    The thread is a daemon: a process can end although a call hangs.

    Attributes:
        loaded: gives the engine when it is there, or raises what prevented it.
    """

    def __init__(self, load: Callable[[], Engine]) -> None:
        """Starts to load."""
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
        """Call with the engine, after all calls submitted before.

        Raises:
            RuntimeError: it is closed.
        """
        future: Future[T] = Future()
        with self._lock:
            # After the end of the queue nothing would ever answer.
            if self._closed:
                raise RuntimeError('the engine is closed')
            self._calls.put((future, call))
        return future

    def close(self, wait_s: float = 0.0) -> None:
        """Closes the engine as soon as the call under way has returned; waits so long for it."""
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
                # Whoever waits must hear of it, whatever it is.
                future.set_exception(error)
            # The call holds its window: not until the next one comes.
            del task, future, call
        try:
            engine.close()
        except Exception:
            logger.exception('engine %s could not be closed', engine.name)
