"""Build of TensorRT plans from ONNX graphs. With tensorrt_rtx this needs no GPU."""

import logging
import time
from typing import TYPE_CHECKING, Any, SupportsInt, cast

from diffsheg_model.bundle import CONDITIONS, Bundle
from diffsheg_model.config import BundleConfig
from diffsheg_model.engines.constant_folding import fold_constants
from diffsheg_model.engines.tensorrt.graphs import join_call, retype
from diffsheg_model.engines.tensorrt.library import trt, trt_logger
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import make_sampler

if TYPE_CHECKING:
    import onnx

#: Bytes that a plan may use while it computes; TensorRT skips algorithms that need more.
WORKSPACE_BYTES = 2 << 30

#: Seconds between two lines about the progress of a build.
_PROGRESS_EVERY_S = 5.0

#: Largest sizes that plans support; the memory of 'conditions' grows with batch times steps.
MAX_BATCH, MAX_STEPS, MAX_CALLS = 8, 32, 1024

logger = logging.getLogger(__name__)

Ranges = dict[str, tuple[int, int, int]]
"""Smallest, most usual and largest size of each free axis, by name."""


def ranges_of(config: BundleConfig) -> Ranges:
    """Return the sizes that a bundle's plans support; usual are those of a later window."""
    frames = config.format.window_frames
    sampler = make_sampler(config.diffusion, config.foppas)
    most = max(MAX_STEPS, len(sampler.first.schedule))
    return {
        'batch': (1, 1, MAX_BATCH),
        'frames': (1, frames, frames),
        'steps': (1, len(sampler.later.schedule), most),
        'calls': (1, min(MAX_CALLS, sampler.later.calls), MAX_CALLS),
    }


def graph_of(bundle: Bundle, graph: str, precision: str) -> 'onnx.ModelProto':
    """Return the graph that a plan is built from.

    Args:
        bundle: the model.
        graph: 'conditions', which runs once for a window and always in fp32, because a power mel
            exceeds fp16; or 'call', a call of the network with the update that follows it.
        precision: precision of the matrix products in 'call'.
    """
    if graph == 'conditions':
        return fold_constants(bundle.path / CONDITIONS)
    return join_call(
        {
            name: retype(fold_constants(bundle.path / f'{name}.onnx'), precision)
            for name in ('gesture', 'expression')
        }
    )


class _Progress(trt.IProgressMonitor):
    """Progress monitor that logs a line every few seconds."""

    def __init__(self, what: str) -> None:
        trt.IProgressMonitor.__init__(self)
        self._what = what
        self._steps: dict[str, int] = {}
        self._last = time.monotonic()

    def phase_start(self, phase_name: str, parent_phase: str, num_steps: SupportsInt) -> None:
        self._steps[phase_name] = int(num_steps)

    def step_complete(self, phase_name: str, step: SupportsInt) -> bool:
        now = time.monotonic()
        if now - self._last >= _PROGRESS_EVERY_S:
            self._last = now
            total = self._steps.get(phase_name, 0)
            logger.info('%s: %s, %d of %d', self._what, phase_name, int(step) + 1, total)
        return True  # continue the build

    def phase_finish(self, phase_name: str) -> None:
        self._steps.pop(phase_name, None)


def build_plan(
    model: 'onnx.ModelProto',
    ranges: Ranges,
    what: str,
    timing_cache: bytes = b'',
    capability: 'trt.ComputeCapability | None' = None,
) -> tuple[bytes, bytes]:
    """Build a TensorRT plan.

    Args:
        model: the graph with its weights; TensorRT computes with the types in it.
        ranges: sizes of its free axes.
        what: name of the plan, for messages.
        timing_cache: timing cache of an earlier build, which shortens this one.
        capability: capability of the GPU, see `rtx_capability`; None lets the library choose.

    Returns:
        The plan, and the new timing cache; with tensorrt_rtx it is empty.

    Raises:
        InputError: TensorRT cannot parse or build it; the message includes TensorRT's error.
    """
    begin = time.monotonic()
    trt_logger.last_error()  # discard earlier errors
    builder = trt.Builder(trt_logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, trt_logger)
    if not parser.parse(model.SerializeToString()):
        errors = [str(parser.get_error(index)) for index in range(parser.num_errors)]
        words = ' '.join('; '.join(errors).split()) or trt_logger.last_error()
        raise InputError(f'TensorRT {trt.__version__} cannot parse {what}: {words}')
    config = builder.create_builder_config()
    config.add_optimization_profile(_profile(builder, model, ranges))
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    config.clear_flag(trt.BuilderFlag.TF32)  # fp32 is exact
    config.progress_monitor = _Progress(what)
    if capability is not None:
        config.num_compute_capabilities = 1
        config.set_compute_capability(capability, 0)
    times = trt.__name__ == 'tensorrt'
    if times:
        config.set_timing_cache(config.create_timing_cache(timing_cache), ignore_mismatch=False)
    plan = cast('trt.IHostMemory | None', builder.build_serialized_network(network, config))
    if plan is None:
        raise InputError(
            f'TensorRT {trt.__version__} cannot build {what}: {trt_logger.last_error()}'
        )
    logger.info('%s: built in %.1f s', what, time.monotonic() - begin)
    return _bytes(plan), _bytes(config.get_timing_cache().serialize()) if times else b''


def _bytes(memory: Any) -> bytes:
    """Copy TensorRT's memory; it has the buffer interface, but its type does not say so."""
    return bytes(memory)


def _profile(builder: 'trt.Builder', model: 'onnx.ModelProto', ranges: Ranges) -> Any:
    """Return an optimisation profile with the sizes of all inputs."""
    profile = builder.create_optimization_profile()
    for value in model.graph.input:
        dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        sizes = [ranges[dim] if isinstance(dim, str) else (dim,) * 3 for dim in dims]
        smallest, usual, largest = (trt.Dims(list(column)) for column in zip(*sizes, strict=True))
        profile.set_shape(value.name, smallest, usual, largest)
    return profile
