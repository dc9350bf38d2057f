"""ONNX graph to TensorRT plan. Runs without a GPU where the library is tensorrt_rtx."""

import logging
import time
from typing import TYPE_CHECKING, Any

from diffsheg_model.engines.tensorrt_library import trt, trt_logger
from diffsheg_model.errors import InputError

if TYPE_CHECKING:
    import onnx

#: Memory that one layer may use while it computes; TensorRT leaves out faster ways that need more.
WORKSPACE_BYTES = 1 << 30

#: Seconds between two lines about how far a build is.
_NEWS_S = 5.0

logger = logging.getLogger(__name__)

Ranges = dict[str, tuple[int, int, int]]
"""Of each free axis by name: the smallest, the most usual and the largest size."""


class _Progress(trt.IProgressMonitor):
    """Tells every few seconds what the builder is at."""

    def __init__(self, what: str) -> None:
        trt.IProgressMonitor.__init__(self)
        self._what = what
        self._steps: dict[str, int] = {}
        self._last = time.monotonic()

    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        self._steps[phase_name] = num_steps

    def step_complete(self, phase_name: str, step: int) -> bool:
        now = time.monotonic()
        if now - self._last >= _NEWS_S:
            self._last = now
            total = self._steps.get(phase_name, 0)
            logger.info('%s: %s, %d of %d', self._what, phase_name, step + 1, total)
        return True  # go on

    def phase_finish(self, phase_name: str) -> None:
        self._steps.pop(phase_name, None)


def build_plan(
    model: 'onnx.ModelProto', ranges: Ranges, what: str, timing_cache: bytes = b''
) -> tuple[bytes, bytes]:
    """Builds what TensorRT runs.

    Args:
        model: the graph, with its weights; its types are those that are computed with.
        ranges: sizes of its free axes.
        what: what is built, for messages.
        timing_cache: what the build before returned; it shortens this one.

    Returns:
        The plan, and the new timing cache (always empty with tensorrt_rtx, which times nothing).

    Raises:
        InputError: TensorRT cannot parse or build it; the message has its words.
    """
    begin = time.monotonic()
    trt_logger.last_error()  # of something else
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
    config.clear_flag(trt.BuilderFlag.TF32)  # fp32 means fp32
    config.progress_monitor = _Progress(what)
    times = trt.__name__ == 'tensorrt'
    if times:
        config.set_timing_cache(config.create_timing_cache(timing_cache), ignore_mismatch=False)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise InputError(
            f'TensorRT {trt.__version__} cannot build {what}: {trt_logger.last_error()}'
        )
    logger.info('%s: built in %.1f s', what, time.monotonic() - begin)
    new_timing = bytes(config.get_timing_cache().serialize()) if times else b''
    return bytes(plan), new_timing


def _profile(builder: 'trt.Builder', model: 'onnx.ModelProto', ranges: Ranges) -> Any:
    """Sizes of all inputs, from those of the named axes."""
    profile = builder.create_optimization_profile()
    for value in model.graph.input:
        dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        sizes = [ranges[dim] if isinstance(dim, str) else (dim,) * 3 for dim in dims]
        profile.set_shape(value.name, *(tuple(size[which] for size in sizes) for which in range(3)))
    return profile
