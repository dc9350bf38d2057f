"""Engine that continues on another engine when the current one fails."""

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

#: Seconds that an engine which takes over may need to load, and for its first window.
START_LIMIT_S = 60.0
#: Seconds that `close` waits until the engine is closed.
CLOSE_LIMIT_S = 2.0


class EngineFault(RuntimeError):
    """Failure of an engine: no result in time, or numbers that are not finite."""


@dataclass(frozen=True)
class Candidate:
    """An engine that can be loaded.

    Attributes:
        label: its name in messages before it is loaded.
        load: loads it; called in the thread that it will run in.
    """

    label: str
    load: Callable[[], Engine]


@dataclass(frozen=True)
class Fallback:
    """Event of one engine taking over from another.

    Attributes:
        window: number of the failed window, counted from 1 since the first engine was loaded.
        failed, serving: the engines.
        reason: one line about the failure.
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
    """Engine that runs on one engine until that fails, then on the next, and so on.

    An engine fails if it raises, returns numbers that are not finite, or takes too long. The next
    one then generates the same window, from the same start with the same random draws. So the
    motion is the same as if it had run from the start, and does not jump. A failed engine is closed
    as soon as its call returns, and never used again.

    If no engine is left, the error is raised for each window. The last engine is then tried again
    for the next window, once its call has returned; no window is queued for an engine that hangs.

    Attributes:
        name, precision: those of the current engine.
        why: one line with the reason for the choice of the first engine.
        fallbacks: events so far, in order.
    """

    def __init__(
        self,
        config: BundleConfig,
        first: Candidate,
        alternatives: Sequence[Candidate] = (),
        timeout_s: float | None = None,
    ) -> None:
        """Load the first engine; the others are loaded when they are needed.

        Args:
            config: config of the model, to tell wrong conditions from a failure of the engine.
            first: engine to start with.
            alternatives: engines that take over, in this order.
            timeout_s: longest time for a window, in seconds; None: no limit. The first window of
                the first engine has no limit, because some engines compile then.

        Raises:
            Exception: the first engine cannot be loaded.
        """
        self.why = ''
        self._config = config
        self.fallbacks: tuple[Fallback, ...] = ()
        self._alternatives = deque(alternatives)
        self._timeout_s = timeout_s
        self._windows = 0
        self._closed = False
        # Guards `_closed` and `_thread`, because any thread may call `close`.
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
        """Return the denoiser of the current engine, run in its thread; without fallbacks."""
        thread = self._thread
        denoise = thread.submit(lambda engine: engine.denoiser(conditions, steps)).result()
        return lambda x, step: thread.submit(lambda engine: denoise(x, step)).result()

    def sample(
        self,
        conditions: Conditions,
        plan: SamplingPlan,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Generate a window; see `Engine.sample`.

        Raises:
            InputError: conditions do not fit the model, or numbers in them or in the plan are not
                finite, which no engine could handle.
            Cancelled: ``cancelled`` returned True.
            Exception: the engine's error, if no other engine is left.
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
        """Close the engine, at once or after the current call.

        May be called from another thread than `sample`. An engine that is just loading to take over
        is closed as soon as it is loaded.
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
            # Queue no further window for an engine that may never take it.
            raise EngineFault(f'no window within {limit_s:g} s: the call before has not returned')
        left = Event()

        def unwanted() -> bool:
            return left.is_set() or (cancelled is not None and cancelled())

        future = self._thread.submit(lambda engine: engine.sample(conditions, plan, unwanted))
        self._running = future
        try:
            ended = _ended(future, deadline)
        finally:
            # Stop a call that nobody waits for any more at its next step: a slow one, or one that
            # Ctrl-C left behind. A call that hangs cannot be stopped.
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
        """Switch to the next engine that can be loaded; return False if there is none."""
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
    """Wait for a call until a deadline by time.monotonic(); return True if it has ended."""
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
            raise InputError(f'{what} of this window has NaN or infinite numbers')
