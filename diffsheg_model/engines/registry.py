"""Which engines there are, what each offers, and in which order they are tried."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from diffsheg_model.advice import install_advice
from diffsheg_model.engines.engine import Engine
from diffsheg_model.errors import InputError, one_line

if TYPE_CHECKING:
    from diffsheg_model.bundle import Bundle


EngineName = Literal['auto', 'tensorrt', 'openvino', 'onnxruntime', 'torch', 'torch-compile']
Precision = Literal['auto', 'fp32', 'fp16', 'bf16', 'int8']
Provider = Literal['cpu', 'cuda', 'tensorrt']

ENGINES: tuple[str, ...] = get_args(EngineName)
#: All that any engine has; 'auto' is fp32: what changes the motion is the user's choice.
ALL_PRECISIONS: tuple[str, ...] = get_args(Precision)
#: ONNX Runtime's execution providers: where it computes.
PROVIDERS: tuple[str, ...] = get_args(Provider)

PRECISIONS = {
    'tensorrt': ('fp32', 'fp16', 'bf16'),
    'openvino': ('fp32', 'bf16'),
    'onnxruntime': ('fp32', 'int8'),
    'torch': ('fp32',),
    'torch-compile': ('fp32',),
}

#: Fastest first, as measured (docs/performance.md). torch-compile is left out: it needs a C++
#: compiler, and minutes before the first window.
AUTO_ORDER = ('tensorrt', 'openvino', 'onnxruntime', 'torch')


@dataclass(frozen=True)
class _Source:
    """Where an engine's class is, and which file of `requirements/` it needs."""

    module: str
    cls: str
    extra: str


_SOURCES = {
    'tensorrt': _Source('tensorrt.engine', 'TensorRtEngine', 'tensorrt'),
    'openvino': _Source('openvino_engine', 'OpenVinoEngine', 'openvino'),
    'onnxruntime': _Source('onnxruntime_engine', 'OnnxRuntimeEngine', ''),
    'torch': _Source('torch_engine', 'TorchEngine', 'train'),
    'torch-compile': _Source('torch_engine', 'TorchCompileEngine', 'train'),
}


@dataclass(frozen=True)
class EngineChoice:
    """An engine, and all that changes what it computes or where.

    Attributes:
        name: one of ENGINES, but not 'auto'.
        precision: one of its PRECISIONS, or 'auto'.
        provider: one of PROVIDERS; all but 'cpu' are ONNX Runtime's alone.
    """

    name: str
    precision: str = 'auto'
    provider: str = 'cpu'

    def __post_init__(self) -> None:
        if self.name not in PRECISIONS:
            raise InputError(f'engine {self.name!r} is unknown: choose one of {_list(ENGINES)}')
        allowed = PRECISIONS[self.name]
        if self.precision not in ('auto', *allowed):
            raise InputError(
                f'engine {self.name} has no precision {self.precision!r}: choose one of '
                f'{_list(("auto", *allowed))}'
            )
        if self.provider not in PROVIDERS:
            raise InputError(
                f'provider {self.provider!r} is unknown: choose one of {_list(PROVIDERS)}'
            )
        if self.provider != 'cpu' and self.name != 'onnxruntime':
            raise InputError(
                f'provider {self.provider!r} is for engine onnxruntime, not for {self.name}'
            )

    def __str__(self) -> str:
        where = '' if self.provider == 'cpu' else f' on {self.provider}'
        return f'{self.name}{where} ({"fp32" if self.precision == "auto" else self.precision})'

    def load(self, bundle: 'Bundle', threads: int, cache: Path | None) -> Engine:
        """Loads a bundle into the engine.

        Args:
            bundle: the model.
            threads: of the CPU, at least 1.
            cache: folder for what the engine derives from the bundle; None for its default.

        Raises:
            InputError: the engine is not installed, or the bundle or the machine does not fit it.
        """
        source = _SOURCES[self.name]
        options = {} if self.provider == 'cpu' else {'provider': self.provider}
        precision = 'fp32' if self.precision == 'auto' else self.precision
        try:
            module = importlib.import_module(f'diffsheg_model.engines.{source.module}')
            return getattr(module, source.cls)(bundle, threads, precision, cache, **options)
        except ModuleNotFoundError as error:
            raise InputError(
                f'engine {self.name} needs the module {error.name}, which is not installed: '
                f'{install_advice(source.extra or "core")}'
            ) from error
        except ImportError as error:
            # The package is there; a library that it needs is not, or does not fit.
            raise InputError(f'engine {self.name} cannot be loaded: {one_line(error)}') from error


def choices_of(name: str, precision: str = 'auto', provider: str = 'cpu') -> list[EngineChoice]:
    """The engines that a user's words allow, the one to take first.

    'auto' allows every engine of AUTO_ORDER that has the precision and the provider.

    Raises:
        InputError: a word is unknown, or no engine has that precision and provider.
    """
    if name != 'auto':
        return [EngineChoice(name, precision, provider)]
    for what, value, allowed in (
        ('precision', precision, ALL_PRECISIONS),
        ('provider', provider, PROVIDERS),
    ):
        if value not in allowed:
            raise InputError(f'{what} {value!r} is unknown: choose one of {_list(allowed)}')
    found = [
        EngineChoice(engine, precision, provider)
        for engine in AUTO_ORDER
        if precision in ('auto', *PRECISIONS[engine])
        and (provider == 'cpu' or engine == 'onnxruntime')
    ]
    if not found:
        raise InputError(f'no engine has precision {precision!r} on provider {provider!r}')
    return found


def fallbacks_of(choice: EngineChoice) -> list[EngineChoice]:
    """What may take over from an engine in the middle of a run, the one to take first.

    Exact float32 on the CPU, the fastest first. Never TensorRT: building it takes minutes.
    """
    itself = choice.name if choice.provider == 'cpu' else ''
    return [EngineChoice(name) for name in AUTO_ORDER if name not in ('tensorrt', itself)]


def _list(names: Sequence[str]) -> str:
    return ', '.join(names)
