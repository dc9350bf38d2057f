"""ONNX Runtime: exact float32 on any CPU; on GPUs through its execution providers."""

import contextlib
import functools
import io
from pathlib import Path
from typing import Any

import onnxruntime

from diffsheg_model.bundle import BRANCHES, Bundle
from diffsheg_model.engines.graph_engine import Arrays, Graph, GraphEngine
from diffsheg_model.errors import InputError, one_line

# Execution providers by user's name. Each leaves unsupported operators to the next one. TF32 rounds
# to 10 bits and is switched off.
_PROVIDERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    'cpu': [],
    'cuda': [('CUDAExecutionProvider', {'use_tf32': '0'})],
    'tensorrt': [
        ('TensorrtExecutionProvider', {}),
        ('CUDAExecutionProvider', {'use_tf32': '0'}),
    ],
}


class OnnxRuntimeEngine(GraphEngine):
    """Engine on the bundle's graphs as they are, or with 8-bit products in the branches.

    Args:
        bundle: the model.
        threads: CPU threads, 1 or more.
        precision: 'fp32' or 'int8'. With int8, the branches' products have 8-bit weights and
            activations, quantised at each call; the rest stays float32.
        cache: folder for the 8-bit graphs; None for the default.
        provider: 'cpu', 'cuda' or 'tensorrt'.

    Raises:
        InputError: a graph cannot be loaded, or a package for the precision or provider is missing.
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
    """Return a graph as a function of arrays.

    Args:
        path: path of its file.
        threads: CPU threads.
        provider: 'cpu', 'cuda' or 'tensorrt'.
        source: another file, or a model in memory, to load instead.

    Raises:
        InputError: it cannot be loaded, or the provider is missing.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Between windows, spinning threads would take a whole core from the rest of the robot.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    providers = _execution_providers(provider)
    try:
        # No fallback: it prints some lines and continues on the CPU.
        session = onnxruntime.InferenceSession(
            source or str(path), options, providers=providers, enable_fallback=0
        )
    except Exception as error:
        # ONNX Runtime's exceptions derive from Exception only.
        where = '' if provider == 'cpu' else f' on {provider}'
        raise InputError(f'onnxruntime cannot load {path}{where}: {one_line(error)}') from error
    check_provider(session, provider)
    names = [output.name for output in session.get_outputs()]

    def run(inputs: Arrays) -> Arrays:
        return dict(zip(names, session.run(names, inputs), strict=True))

    return run


def _execution_providers(provider: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the ``providers`` argument of `onnxruntime.InferenceSession`.

    Args:
        provider: 'cpu', 'cuda' or 'tensorrt'.

    Raises:
        InputError: this build of ONNX Runtime lacks the provider.
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
    """Check that ONNX Runtime has not silently put a session on the CPU.

    Raises:
        InputError: the session does not use the provider.
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
    """Load CUDA and cuDNN from the folders of pip, which are not on the library path.

    Returns:
        The first failure, in brackets; empty if there is none, or if this version of ONNX Runtime
        relies on the library path.
    """
    words = io.StringIO()
    if hasattr(onnxruntime, 'preload_dlls'):  # since 1.21
        with contextlib.redirect_stdout(words):
            onnxruntime.preload_dlls()
    failures = [line for line in words.getvalue().splitlines() if line.startswith('Failed')]
    return f' ({failures[0]})' if failures else ''
