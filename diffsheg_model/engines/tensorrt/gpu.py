"""Part of the TensorRT engine that needs a GPU: memory, copies, and the calls of a window.

It is short and branches only where the two libraries differ. docs/gpu.md lists which parts of it
have run on which GPU.
"""

import ctypes
from collections.abc import Callable, Mapping

import numpy as np
from cuda.core import Buffer, Device, LegacyPinnedMemoryResource, Stream, system
from cuda.core.graph import Graph

from diffsheg_model.engines.tensorrt.library import trt, trt_logger
from diffsheg_model.engines.tensorrt.window import STATE, Layout
from diffsheg_model.errors import InputError, one_line
from diffsheg_model.sampling.plan import Cancelled


def find_gpu() -> tuple[Device, str]:
    """Return the first GPU, and the version of its driver.

    Raises:
        InputError: there is no GPU, or no driver for it.
    """
    try:
        gpu = Device()
        gpu.set_current()
        try:
            driver = system.get_kernel_mode_driver_version()
        except RuntimeError:  # no NVML, as on some embedded boards
            driver = system.get_user_mode_driver_version()
    except Exception as error:  # CUDA's errors derive from Exception only
        raise InputError(f'engine tensorrt finds no NVIDIA GPU: {one_line(error)}') from error
    return gpu, '.'.join(str(part) for part in driver)


def rtx_capability(gpu: str, capability: tuple[int, int]) -> 'trt.ComputeCapability | None':
    """Return the compute capability for which TensorRT for RTX is to build plans.

    Args:
        gpu: name of the GPU, for messages.
        capability: its compute capability, such as (8, 6).

    Returns:
        The GPU's own capability, which plans for Turing need. None for GPUs newer than the library,
        which can run its default plans.

    Raises:
        InputError: the library does not support the GPU, because it is too old.
    """
    major, minor = capability
    known = trt.ComputeCapability.__members__
    own = known.get(f'SM{major}{minor}')
    if own is None and major < 12:
        raise InputError(
            f'engine tensorrt: TensorRT for RTX does not run on {gpu} (compute capability '
            f'{major}.{minor}); pip install tensorrt'
        )
    return own


def deserialise(plan: bytes) -> 'trt.ICudaEngine':
    """Deserialise a plan into an engine.

    Raises:
        InputError: TensorRT refuses it; the message includes TensorRT's error.
    """
    trt_logger.last_error()  # discard earlier errors
    engine = trt.Runtime(trt_logger).deserialize_cuda_engine(plan)
    if engine is None:
        raise InputError(f'TensorRT {trt.__version__} refuses a plan: {trt_logger.last_error()}')
    return engine


class GpuWindow:
    """Memory, execution contexts and the captured call for windows of one size.

    Args:
        gpu: the GPU.
        engines: TensorRT's engines 'conditions' and 'call'.
        inputs: inputs of a window, from `window_inputs`, as an example of the shapes.
    """

    def __init__(
        self,
        gpu: Device,
        engines: Mapping[str, 'trt.ICudaEngine'],
        inputs: Mapping[str, np.ndarray],
    ) -> None:
        gpu.set_current()  # for this thread
        layout = Layout.of(inputs)
        self._gpu = gpu
        self._stream = gpu.create_stream()
        self._graph: Graph | None = None
        # All inputs are copied to the GPU at once; the state comes first, and in it the motion.
        self._pinned, memory = _pinned(layout.nbytes)
        self._host = layout.views(memory)
        self._inputs = gpu.allocate(layout.nbytes, stream=self._stream)
        state_bytes = layout.offsets['rows']
        self._state = _front(self._inputs, state_bytes)
        self._next_state = gpu.allocate(state_bytes, stream=self._stream)
        self._motion = _front(self._inputs, inputs['x'].nbytes)
        self._pinned_motion, motion = _pinned(inputs['x'].nbytes)
        self._host_motion = motion.view(np.float32).reshape(inputs['x'].shape)
        # Shape and address of each input and output of both graphs, by name.
        self._shapes = dict(layout.shapes)
        self._addresses = {
            name: int(self._inputs.handle) + offset for name, offset in layout.offsets.items()
        }
        for name in STATE:
            place = int(self._next_state.handle) + layout.offsets[name]
            self._addresses[f'{name}_next'] = place
        self._made: list[Buffer] = []
        self._conditions = self._bind(engines['conditions'])
        self._call = self._bind(engines['call'])

    def run(
        self,
        inputs: Mapping[str, np.ndarray],
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Generate one window, (B, T, C) float32.

        Raises:
            Cancelled: ``cancelled`` returned True.
            RuntimeError: TensorRT or CUDA failed.
        """
        self._gpu.set_current()
        for name, value in inputs.items():
            self._host[name][...] = value
        try:
            self._inputs.copy_from(self._pinned, stream=self._stream)
            _execute(self._conditions, self._stream)
            for _ in range(len(inputs['rows'])):
                if cancelled is not None and cancelled():
                    raise Cancelled
                self._next_call()
            self._motion.copy_to(self._pinned_motion, stream=self._stream)
        finally:
            self._stream.sync()
        return self._host_motion.copy()

    def _next_call(self) -> None:
        """Run a call of the network and the update that follows it."""
        if self._graph is not None:
            self._graph.launch(self._stream)
            return
        self._enqueue_call()
        # After the first call TensorRT is ready for these sizes, and a call can be captured as a
        # CUDA graph. tensorrt_rtx does this itself, see _bind.
        if trt.__name__ == 'tensorrt':
            builder = self._stream.create_graph_builder().begin_building()
            self._enqueue_call()
            self._graph = builder.end_building().complete()

    def _enqueue_call(self) -> None:
        _execute(self._call, self._stream)
        self._next_state.copy_to(self._state, stream=self._stream)

    def _bind(self, engine: 'trt.ICudaEngine') -> 'trt.IExecutionContext':
        """Create a context, and set the shapes and addresses of its inputs and outputs."""
        if trt.__name__ == 'tensorrt_rtx':
            config = engine.create_runtime_config()
            config.cuda_graph_strategy = trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
            context = engine.create_execution_context(config)
        else:
            context = engine.create_execution_context()
        if context is None:  # usually because memory is short
            raise RuntimeError(f'no execution context: {trt_logger.last_error()}')
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        for name in names:
            if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT:
                context.set_input_shape(name, self._shapes[name])
        for name in names:
            if name not in self._addresses:
                dims = context.get_tensor_shape(name)
                shape = tuple(dims[axis] for axis in range(len(dims)))
                made = self._gpu.allocate(4 * int(np.prod(shape)), stream=self._stream)
                self._made.append(made)
                self._shapes[name], self._addresses[name] = shape, int(made.handle)
            context.set_tensor_address(name, self._addresses[name])
        return context


def _execute(context: 'trt.IExecutionContext', stream: Stream) -> None:
    if not context.execute_async_v3(int(stream.handle)):
        raise RuntimeError(f'TensorRT failed: {trt_logger.last_error()}')


def _pinned(nbytes: int) -> tuple[Buffer, np.ndarray]:
    """Allocate page-locked host memory; return it also as an array (nbytes,) uint8."""
    buffer = LegacyPinnedMemoryResource().allocate(nbytes)
    memory = (ctypes.c_uint8 * nbytes).from_address(int(buffer.handle))
    return buffer, np.ctypeslib.as_array(memory)


def _front(buffer: Buffer, nbytes: int) -> Buffer:
    """Return the first bytes of a buffer as a buffer."""
    return Buffer.from_handle(int(buffer.handle), nbytes, owner=buffer)
