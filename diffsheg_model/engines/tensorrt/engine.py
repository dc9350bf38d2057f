"""TensorRT on an NVIDIA GPU: a whole window runs without leaving the device."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from diffsheg_model.bundle import TABLES, Bundle
from diffsheg_model.engines.artifact_cache import ArtifactCache, ArtifactKey
from diffsheg_model.engines.comparison import TOLERANCES, compare
from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.engines.graph_engine import StepTables
from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine, load_graph
from diffsheg_model.engines.tensorrt.build import (
    MAX_BATCH,
    build_plan,
    graph_of,
    ranges_of,
)
from diffsheg_model.engines.tensorrt.gpu import (
    GpuWindow,
    deserialise,
    find_gpu,
    rtx_capability,
)
from diffsheg_model.engines.tensorrt.library import trt
from diffsheg_model.engines.tensorrt.window import window_inputs
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.plan import Denoiser, SamplingPlan

#: Number of window sizes kept ready: first, later and short last windows of an utterance.
_PREPARED = 4

logger = logging.getLogger(__name__)


class TensorRtEngine(Engine):
    """Engine on TensorRT plans. Building them takes minutes; then they are cached.

    A new plan is compared with ONNX Runtime before it is used.

    Attributes:
        device: name of the GPU.
        version: versions of TensorRT and of the driver.
    """

    name = 'tensorrt'

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 0,
        precision: str = 'fp32',
        cache: Path | None = None,
    ) -> None:
        """Load or build the plans.

        Args:
            bundle: the model.
            threads: CPU threads, for the tables, which do not run on the GPU.
            precision: 'fp32', 'fp16' or 'bf16'.
            cache: folder for plans; None for the default.

        Raises:
            InputError: there is no GPU, TensorRT refuses the graphs, or its results differ too much
                from those of ONNX Runtime.
            ModuleNotFoundError: TensorRT or cuda-core is not installed.
        """
        self.precision = precision
        self._bundle = bundle
        self._gpu, driver = find_gpu()
        self.device = self._gpu.name
        self._capability = (
            rtx_capability(self.device, self._gpu.compute_capability)
            if trt.__name__ == 'tensorrt_rtx'
            else None
        )
        self.version = f'{trt.__version__}, driver {driver}'
        self._cache = ArtifactCache(bundle.path, cache)
        self._tables = StepTables(lambda: load_graph(bundle.path / TABLES, threads))
        self._windows: OrderedDict[tuple, GpuWindow] = OrderedDict()
        plans = {
            'conditions': self._load('conditions', 'fp32'),
            'call': self._load('call', precision),
        }
        self._engines = {graph: engine for graph, (_, engine) in plans.items()}
        digest = hashlib.sha256(b''.join(plan for plan, _ in plans.values())).hexdigest()
        # The cached artifact records that these plans passed the check, for the next start.
        self._cache.get_or_build(
            self._key('check', precision, digest), lambda: self._check(threads)
        )

    def denoiser(self, conditions: Conditions, steps: Sequence[int]) -> Denoiser:
        """Return the network for comparisons: each call runs as a window; `sample` is faster."""
        check_conditions(conditions, self._bundle.config)

        def denoise(x: np.ndarray, step: int) -> np.ndarray:
            nothing = np.zeros((1, x.shape[1], 1), np.float32)
            only_noise = SamplingPlan(
                steps=np.array([step], np.int64),
                start=x,
                clean=np.zeros((1, 2), np.float32),
                x_gain=nothing,
                eps_gain=np.ones_like(nothing),
                memory_gain=nothing,
                offset=np.zeros((1, *x.shape), np.float32),
            )
            return self.sample(conditions, only_noise)

        return denoise

    def sample(
        self,
        conditions: Conditions,
        plan: SamplingPlan,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        check_conditions(conditions, self._bundle.config)
        batch, frames, _ = plan.start.shape
        if batch > MAX_BATCH:
            parts = [slice(row, row + MAX_BATCH) for row in range(0, batch, MAX_BATCH)]
            return np.concatenate(
                [self.sample(*_rows(conditions, plan, part), cancelled) for part in parts]
            )
        steps, rows = np.unique(plan.steps, return_inverse=True)
        sizes = {'batch': batch, 'frames': frames, 'steps': len(steps), 'calls': len(plan)}
        for axis, (_, _, most) in ranges_of(self._bundle.config).items():
            if sizes[axis] > most:
                raise InputError(
                    f'engine tensorrt: a window of {sizes[axis]} {axis}; its plans take {most}'
                )
        tables = self._tables(steps, conditions.speaker)
        inputs = window_inputs(conditions, plan, tables, rows)
        key = tuple(sizes.values())
        window = self._windows.pop(key, None) or GpuWindow(self._gpu, self._engines, inputs)
        self._windows[key] = window
        if len(self._windows) > _PREPARED:
            self._windows.popitem(last=False)
        return window.run(inputs, cancelled)

    def close(self) -> None:
        self._windows.clear()
        self._engines.clear()

    def _load(self, graph: str, precision: str) -> tuple[bytes, 'trt.ICudaEngine']:
        ranges = ranges_of(self._bundle.config)

        def build() -> bytes:
            timing_key = self._key('timing', precision)
            plan, timing = build_plan(
                graph_of(self._bundle, graph, precision),
                ranges,
                f'TensorRT plan {graph!r} ({precision})',
                self._cache.load(timing_key) or b'',
                self._capability,
            )
            if timing:
                self._cache.store(timing_key, timing)
            return plan

        return load_plan(self._cache, self._key(graph, precision, str(ranges)), build)

    def _key(self, graph: str, precision: str, options: str = '') -> ArtifactKey:
        return ArtifactKey(
            graph, trt.__name__, precision, self.device, self.version, self._bundle.digest, options
        )

    def _check(self, threads: int) -> bytes:
        """Compare the engine with ONNX Runtime.

        Returns:
            The result as text, for the cache.

        Raises:
            InputError: the error exceeds the tolerance of the precision.
        """
        reference = OnnxRuntimeEngine(self._bundle, threads)
        comparison = compare(self, reference, self._bundle)
        reference.close()
        tolerance = TOLERANCES[self.precision]
        words = f'relative error {comparison.error:.1e}, tolerance {tolerance:.0e}'
        if not comparison.error <= tolerance:
            raise InputError(
                f'engine tensorrt ({self.precision}) on {self.device} differs from onnxruntime: '
                f'{words}; choose another precision or engine'
            )
        logger.info('engine tensorrt (%s) agrees with onnxruntime: %s', self.precision, words)
        return words.encode()


def load_plan(
    cache: ArtifactCache, key: ArtifactKey, build: Callable[[], bytes]
) -> tuple[bytes, 'trt.ICudaEngine']:
    """Return a plan from the cache or newly built, and the engine that TensorRT makes of it.

    A cached plan that TensorRT refuses is built again.

    Raises:
        InputError: TensorRT refuses a plan that was just built; it is not cached.
    """
    built: list[bytes] = []

    def build_now() -> bytes:
        built.append(build())
        return built[-1]

    plan = cache.get_or_build(key, build_now)
    try:
        return plan, deserialise(plan)
    except InputError as error:
        cache.remove(key)
        if built:
            raise
        logger.warning('%s; it is built again', error)
    return load_plan(cache, key, build)


def _rows(
    conditions: Conditions, plan: SamplingPlan, part: slice
) -> tuple[Conditions, SamplingPlan]:
    """Return some rows of a batch."""
    speech = None if conditions.speech is None else conditions.speech[part]
    chosen = Conditions(
        conditions.mel[part], speech, conditions.speaker[part], conditions.guidance_scale
    )
    return chosen, replace(plan, start=plan.start[part], offset=plan.offset[:, part])
