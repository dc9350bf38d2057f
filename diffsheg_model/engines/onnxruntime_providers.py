"""Where ONNX Runtime computes: its execution providers, by the names that a user gives."""

import contextlib
import functools
import io
from typing import Any

import onnxruntime

from diffsheg_model.errors import InputError

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


def execution_providers(provider: str) -> list[tuple[str, dict[str, Any]]]:
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
