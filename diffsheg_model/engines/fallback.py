"""An engine that goes on when the one it runs on fails: the next makes the same window."""

import concurrent.futures
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any

import numpy as np

from diffsheg_model.config import BundleConfig
from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.engines.engine_thread import EngineThread
from diffsheg_model.errors import InputError, one_line
from diffsheg_model.sampling.plan import Cancelled, Denoiser, SamplingPlan

logger = logging.getLogger(__name__)

#: An engine that takes over may need this long to load, and for its first window.
START_LIMIT_S = 60.0
#: How long `close` waits for the engine to be closed.
CLOSE_LIMIT_S = 2.0


class EngineFault(RuntimeError):
    """An engine has returned nothing in time, or numbers that are not finite."""


@dataclass(frozen=True)
class Candidate:
    """An engine that can be loaded.

    Attributes:
        label: what it is called until it is loaded.
        load: loads it; called in the thread that it will run in.
    """

    label: str
    load: Callable[[], Engine]


@dataclass(frozen=True)
class Fallback:
    """One engine has taken over from another.

    Attributes:
        window: which window failed, counted from 1 since the first engine was loaded.
        failed, serving: the engines.
        reason: what happened, one line.
    """

    window: int
    failed: str
    serving: str
    reason: str

    def __str__(self) -> str:
        return (
            f'engine {self.failed} failed in window {self.window} ({self.reason}); '
            f'{self.serving} has taken over'
        )


class FallbackEngine(Engine):
    """Runs on one engine until that fails, then on the next, and so on.

    An engine has failed when it raises, gives numbers that are not finite, or takes longer than
    its time. The next one then makes the same window from the same start with the same random
    draws: the motion is what it alone would have made of it, so it does not jump. An engine that
    has failed is closed as soon as it returns, and never asked again. When none is left to take
    over, the error is raised, window by window, and the last engine is asked again for the next,
    once it has returned: nothing is kept for an engine that hangs.

    Attributes:
        name, precision: of the engine that serves now.
        why: why the first engine was taken, one line.
        fallbacks: what has happened so far, in order.
    """

    def __init__(
        self,
        config: BundleConfig,
        first: Candidate,
        alternatives: Sequence[Candidate] = (),
        timeout_s: float | None = None,
    ) -> None:
        """Loads the first engine; the others are loaded when they are needed.

        Args:
            config: of the model, to tell conditions that do not fit it from an engine's failure.
            first: what serves to begin with.
            alternatives: what takes over, in this order.
            timeout_s: longest time for a window; None for any. The first engine's first window
                may take any time, because some engines compile then.

        Raises:
            Exception: whatever prevents the first engine from being loaded.
        """
        self.why = ''
        self._config = config
        self.fallbacks: tuple[Fallback, ...] = ()
        self._alternatives = deque(alternatives)
        self._timeout_s = timeout_s
        self._windows = 0
        self._closed = False
        # Of `_closed` and `_thread`: `close` is called from any thread.
        self._lock = Lock()
        self._running: concurrent.futures.Future[Any] | None = None
        self._start_limit_s: float | None = None
        thread = EngineThread(first.load)
        try:
            self._serve(thread)
        except BaseException:
            thread.close()
            raise

    def denoiser(self, conditions: Conditions, steps: Sequence[int]) -> Denoiser:
        """That of the engine that serves now, called in its thread; nothing takes over there."""
        thread = self._thread
        denoise = thread.submit(lambda engine: engine.denoiser(conditions, steps)).result()
        return lambda x, step: thread.submit(lambda engine: denoise(x, step)).result()

    def sample(
        self,
        conditions: Conditions,
        plan: SamplingPlan,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Generates a window; see `Engine.sample`.

        Raises:
            InputError: conditions that do not fit the model, or numbers in them or in the plan
                that are not finite: no engine could make motion of those.
            Cancelled: ``cancelled`` returned True.
            Exception: what the engine raised, when no other is left to take over.
        """
        if self._closed:
            raise RuntimeError('the engine is closed')
        check_conditions(conditions, self._config)
        _check_finite(conditions, plan)
        self._windows += 1
        while True:
            if cancelled is not None and cancelled():
                raise Cancelled
            try:
                return self._try(conditions, plan, cancelled)
            except Cancelled:
                raise
            except Exception as error:
                if not self._fall_back(error):
                    raise

    def close(self) -> None:
        """Close the engine, at once or as soon as the call under way has returned.

        May be called from another thread than `sample`; an engine that is being loaded to take
        over is then closed as soon as it is there.
        """
        with self._lock:
            self._closed = True
            thread = self._thread
        thread.close(CLOSE_LIMIT_S)

    def _serve(self, thread: EngineThread, limit_s: float | None = None) -> None:
        engine = thread.loaded.result(limit_s)
        with self._lock:
            if self._closed:
                raise RuntimeError('the engine is closed')
            self._thread = thread
            self._running = None
        self._proven = False
        self.name, self.precision = engine.name, engine.precision

    def _try(
        self, conditions: Conditions, plan: SamplingPlan, cancelled: Callable[[], bool] | None
    ) -> np.ndarray:
        limit_s = self._timeout_s if self._proven else self._start_limit_s
        deadline = None if limit_s is None else time.monotonic() + limit_s
        if not _ended(self._running, deadline):
            # Not one more window for an engine that may never ask for it.
            raise EngineFault(f'no window within {limit_s:g} s: the call before has not returned')
        left = Event()

        def unwanted() -> bool:
            return left.is_set() or (cancelled is not None and cancelled())

        future = self._thread.submit(lambda engine: engine.sample(conditions, plan, unwanted))
        self._running = future
        try:
            ended = _ended(future, deadline)
        finally:
            # Of a call that nobody waits for any more: one that is slow, or that Ctrl-C has left
            # behind, stops at its next step; one that hangs is left alone.
            left.set()
        if not ended:
            future.cancel()
            raise EngineFault(f'no window within {limit_s:g} s')
        x = future.result()
        if not np.isfinite(x).all():
            count = np.count_nonzero(~np.isfinite(x))
            raise EngineFault(f'{count} of {x.size} numbers are not finite')
        self._proven = True
        return x

    def _fall_back(self, error: Exception) -> bool:
        """Lets the next engine that can be loaded serve; whether there was one."""
        failed, failed_thread = f'{self.name} ({self.precision})', self._thread
        while self._alternatives and not self._closed:
            candidate = self._alternatives.popleft()
            thread = EngineThread(candidate.load)
            try:
                self._serve(thread, START_LIMIT_S)
            except BaseException as refusal:
                thread.close()
                if not isinstance(refusal, Exception):
                    raise
                logger.info('engine %s cannot take over: %s', candidate.label, one_line(refusal))
                continue
            failed_thread.close()
            self._start_limit_s = max(START_LIMIT_S, self._timeout_s or START_LIMIT_S)
            serving = f'{self.name} ({self.precision})'
            reason = str(error) if isinstance(error, EngineFault) else one_line(error)
            fallback = Fallback(self._windows, failed, serving, reason)
            self.fallbacks += (fallback,)
            logger.warning('%s', fallback)
            return True
        return False


def _ended(call: concurrent.futures.Future[Any] | None, deadline: float | None) -> bool:
    """Wait until a call has ended or, by time.monotonic(), its time is over."""
    if call is None:
        return True
    left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
    concurrent.futures.wait([call], left_s)
    return call.done()


def _check_finite(conditions: Conditions, plan: SamplingPlan) -> None:
    arrays = {
        'mel': conditions.mel,
        'speech features': conditions.speech,
        'start': plan.start,
        'known frames or noise': plan.offset,
    }
    for what, values in arrays.items():
        if values is not None and not np.isfinite(values).all():
            raise InputError(f'{what} of this window: numbers that are not finite')
