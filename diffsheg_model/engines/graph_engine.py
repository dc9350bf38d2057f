"""Base class of engines that run a bundle's ONNX graphs on arrays in main memory."""

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from diffsheg_model.bundle import CONDITIONS, TABLES, Bundle
from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.sampling.plan import (
    Cancelled,
    Denoiser,
    SamplingPlan,
    run_plan,
)

Arrays = dict[str, np.ndarray]
Graph = Callable[[Arrays], Arrays]
"""A loaded graph: inputs by name -> outputs by name."""

KEPT_TABLES = 16
"""Number of cached tables: a few styles, each with the steps of first and later windows."""


class StepTables:
    """Cache of the tables, which depend only on diffusion steps and speakers.

    Args:
        load: loads the graph that computes the tables.
    """

    def __init__(self, load: Callable[[], Graph]) -> None:
        self._load = load
        self._known: OrderedDict[tuple[bytes, bytes], Arrays] = OrderedDict()

    def __call__(self, steps: np.ndarray, speaker: np.ndarray) -> Arrays:
        """Return the tables of steps (N,) int64 and speakers (B, num_speakers)."""
        key = (steps.tobytes(), speaker.tobytes())
        if key not in self._known:
            # Do not keep the graph loaded: it has most of the published network's parameters.
            self._known[key] = self._load()({'t': steps, 'speaker': speaker})
        self._known.move_to_end(key)
        while len(self._known) > KEPT_TABLES:
            self._known.popitem(last=False)
        return self._known[key]

    def clear(self) -> None:
        self._known.clear()


@dataclass(frozen=True, eq=False)
class _Window:
    """Tables and conditions of one window, with a row for each step."""

    index: dict[int, int]
    levels: np.ndarray
    branches: dict[str, Arrays]
    shared: Arrays

    def inputs(self, branch: str, step: int) -> Arrays:
        """Return the inputs of a branch at a step, except its motion."""
        at = self.index[step]
        rows = {name: table[at] for name, table in self.branches[branch].items()}
        return {'levels': self.levels[at], **rows, **self.shared}


class GraphEngine(Engine):
    """Engine on the four graphs of a bundle (see `diffsheg_model.network.split_unieg`).

    The branches run as a pipeline of two stages, each on one half of the threads. The first branch
    does not depend on the second, so it is always a step ahead. For small matrix products, one
    thread for each branch is faster than two threads for both. The numbers are the same.

    Args:
        bundle: the model.
        threads: CPU threads, 1 or more.
    """

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._bundle = bundle
        self._config = bundle.config
        self._tables = StepTables(lambda: self._load(TABLES, threads))
        self._conditions = self._load(CONDITIONS, threads)
        sizes = self._config.network
        gesture = slice(0, sizes.gesture_dim)
        expression = slice(sizes.gesture_dim, sizes.channels)
        order = [('expression', expression), ('gesture', gesture)]
        if sizes.flow == 'gesture_to_expression':
            order.reverse()
        (self._first, self._first_channels), (self._second, self._second_channels) = order
        share = max(1, threads // 2)
        self._branches = {name: self._load(f'{name}.onnx', share) for name, _ in order}
        self._first_stage = ThreadPoolExecutor(1, 'first_branch') if threads > 1 else None

    @abstractmethod
    def _load(self, graph: str, threads: int) -> Graph:
        """Load a graph of the bundle, to run on that many threads.

        Raises:
            InputError: it cannot be loaded.
        """

    def denoiser(self, conditions: Conditions, steps: Sequence[int]) -> Denoiser:
        window = self._window(conditions, steps)

        def denoise(x: np.ndarray, step: int) -> np.ndarray:
            eps = np.empty_like(x)
            first, clean = self._call(window, self._first, x[..., self._first_channels], step)
            second, _ = self._call(window, self._second, x[..., self._second_channels], step, clean)
            eps[..., self._first_channels] = first
            eps[..., self._second_channels] = second
            return eps

        return denoise

    def sample(
        self,
        conditions: Conditions,
        plan: SamplingPlan,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        if self._first_stage is None:
            return super().sample(conditions, plan, cancelled)
        window = self._window(conditions, plan.steps.tolist())
        cleans: SimpleQueue[np.ndarray | None] = SimpleQueue()

        def denoise_first(x: np.ndarray, step: int) -> np.ndarray:
            eps, clean = self._call(window, self._first, x, step)
            cleans.put(clean)
            return eps

        def denoise_second(x: np.ndarray, step: int) -> np.ndarray:
            clean = cleans.get()
            if clean is None:
                raise Cancelled  # the first branch has ended early; its error is raised below
            return self._call(window, self._second, x, step, clean)[0]

        def run_first() -> np.ndarray:
            try:
                return run_plan(plan.channels(self._first_channels), denoise_first, cancelled)
            finally:
                cleans.put(None)

        first = self._first_stage.submit(run_first)
        x = np.empty_like(plan.start)
        try:
            second_plan = plan.channels(self._second_channels)
            x[..., self._second_channels] = run_plan(second_plan, denoise_second, cancelled)
        finally:
            # Wait for the first branch even if the second failed: both use the engine.
            x[..., self._first_channels] = first.result()
        return x

    def close(self) -> None:
        if self._first_stage is not None:
            self._first_stage.shutdown()
        self._tables.clear()
        del self._conditions, self._branches

    def _call(
        self,
        window: _Window,
        branch: str,
        x: np.ndarray,
        step: int,
        clean: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        inputs = window.inputs(branch, step)
        inputs['x'] = np.ascontiguousarray(x)
        if clean is not None and self._config.network.flow != 'none':
            inputs['other'] = clean
        outputs = self._branches[branch](inputs)
        return outputs['eps'], outputs['clean']

    def _window(self, conditions: Conditions, steps: Sequence[int]) -> _Window:
        check_conditions(conditions, self._config)
        distinct = np.unique(np.asarray(steps, np.int64))
        tables = self._tables(distinct, conditions.speaker)
        heard = {'audio_modulation': tables['audio_modulation'], 'mel': conditions.mel}
        if conditions.speech is not None:
            heard['speech'] = conditions.speech
        outputs = self._conditions(heard)
        rows = len(conditions.mel)
        levels = np.repeat(tables['levels'][:, None], rows, axis=1)
        branches = {
            branch: {
                'modulation': tables[f'{branch}_modulation'],
                'condition': outputs[f'{branch}_condition'],
                'statistics': outputs[f'{branch}_statistics'],
            }
            for branch in self._branches
        }
        shared = {}
        if self._config.network.classifier_free:
            shared['guidance_scale'] = np.array([conditions.guidance_scale], np.float32)
        index = {step: at for at, step in enumerate(distinct.tolist())}
        return _Window(index, levels, branches, shared)
