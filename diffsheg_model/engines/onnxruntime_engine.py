"""ONNX Runtime: exact float32 on the CPU, runs everywhere; on GPUs by its other providers."""

import contextlib
import functools
import io
from pathlib import Path
from typing import Any

import onnxruntime

from diffsheg_model.bundle import BRANCHES, Bundle
from diffsheg_model.engines.graph_engine import Arrays, Graph, GraphEngine
from diffsheg_model.errors import InputError, one_line

# Each falls back on those behind it for the parts of a graph that it does not know. TF32 rounds
# to 10 bits, which is no float32.
_PROVIDERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    'cpu': [],
    'cuda': [('CUDAExecutionProvider', {'use_tf32': '0'})],
    'tensorrt': [
        ('TensorrtExecutionProvider', {}),
        ('CUDAExecutionProvider', {'use_tf32': '0'}),
    ],
}


class OnnxRuntimeEngine(GraphEngine):
    """Runs the bundle's graphs as they are, or the branches with 8-bit products.

    Args:
        bundle: the model.
        threads: of the CPU, 1 or more.
        precision: 'fp32' or 'int8': weights and, call by call, activations of the branches'
            products in 8 bits; the rest stays float32.
        cache: folder for the 8-bit graphs; None for the default.
        provider: 'cpu', 'cuda' or 'tensorrt'.

    Raises:
        InputError: a graph cannot be loaded, or what the precision or provider needs is missing.
    """

    name = 'onnxruntime'

    def __init__(
        self,
        bundle: Bundle,
        threads: int,
        precision: str = 'fp32',
        cache: Path | None = None,
        provider: str = 'cpu',
    ) -> None:
        self.precision = precision
        self._cache = cache
        self._provider = provider
        super().__init__(bundle, threads)

    def _load(self, graph: str, threads: int) -> Graph:
        path = self._bundle.path / graph
        source: str | bytes = str(path)
        if self.precision == 'int8' and path.stem in BRANCHES:
            from diffsheg_model.engines.onnxruntime_int8 import int8_graph

            source = int8_graph(self._bundle, graph, self._cache)
        return load_graph(path, threads, self._provider, source)


def load_graph(path: Path, threads: int, provider: str = 'cpu', source: str | bytes = '') -> Graph:
    """A graph as a function of arrays.

    Args:
        path: of its file.
        threads: of the CPU.
        provider: where it runs.
        source: another file, or a model in memory, that takes its place.

    Raises:
        InputError: it cannot be loaded, or the provider is missing.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take a whole core from the rest of a robot between windows.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    providers = _execution_providers(provider)
    try:
        # Without its fallback, which prints some lines and goes on with the CPU.
        session = onnxruntime.InferenceSession(
            source or str(path), options, providers=providers, enable_fallback=0
        )
    except Exception as error:
        # ONNX Runtime raises a family of its own that derives from Exception only.
        where = '' if provider == 'cpu' else f' on {provider}'
        raise InputError(f'onnxruntime cannot load {path}{where}: {one_line(error)}') from error
    check_provider(session, provider)
    names = [output.name for output in session.get_outputs()]

    def run(inputs: Arrays) -> Arrays:
        return dict(zip(names, session.run(names, inputs), strict=True))

    return run


def _execution_providers(provider: str) -> list[tuple[str, dict[str, Any]]]:
    """What `onnxruntime.InferenceSession` takes as ``providers``.

    Args:
        provider: 'cpu', 'cuda' or 'tensorrt'.

    Raises:
        InputError: this build of ONNX Runtime does not have it.
    """
    wanted = _PROVIDERS[provider]
    available = onnxruntime.get_available_providers()
    missing = [name for name, _ in wanted if name not in available]
    if missing:
        raise InputError(
            f'provider {provider!r}: this onnxruntime has no {missing[0]}, only '
            f'{", ".join(available)}; pip uninstall onnxruntime, pip install onnxruntime-gpu'
        )
    if wanted:
        _load_cuda()
    return [*wanted, ('CPUExecutionProvider', {})]


def check_provider(session: Any, provider: str) -> None:
    """Refuses a session that ONNX Runtime has quietly put on the CPU.

    Raises:
        InputError: the provider was asked for and is not used.
    """
    used = session.get_providers()
    missing = [name for name, _ in _PROVIDERS[provider] if name not in used]
    if missing:
        raise InputError(
            f'provider {provider!r}: {missing[0]} did not start and ONNX Runtime would compute on '
            f'the CPU{_load_cuda()}; check that the GPU, its driver, CUDA and cuDNN fit this '
            "onnxruntime-gpu; pip install 'onnxruntime-gpu[cuda,cudnn]' brings the last two"
        )


@functools.cache
def _load_cuda() -> str:
    """Loads CUDA and cuDNN from where pip puts them, which no library path names.

    Returns:
        In brackets what could not be loaded first; empty where nothing is missing, or where it is
        the library path that names them.
    """
    words = io.StringIO()
    if hasattr(onnxruntime, 'preload_dlls'):  # since 1.21
        with contextlib.redirect_stdout(words):
            onnxruntime.preload_dlls()
    failures = [line for line in words.getvalue().splitlines() if line.startswith('Failed')]
    return f' ({failures[0]})' if failures else ''
