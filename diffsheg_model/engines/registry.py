"""Registry of engines: their names, precisions and packages, and the order of 'auto'."""

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
#: Precisions of all engines. 'auto' is fp32: only the user may choose a change of the motion.
ALL_PRECISIONS: tuple[str, ...] = get_args(Precision)
#: ONNX Runtime's execution providers.
PROVIDERS: tuple[str, ...] = get_args(Provider)

PRECISIONS = {
    'tensorrt': ('fp32', 'fp16', 'bf16'),
    'openvino': ('fp32', 'bf16'),
    'onnxruntime': ('fp32', 'int8'),
    'torch': ('fp32',),
    'torch-compile': ('fp32',),
}

#: Engines from fastest to slowest, as measured (docs/performance.md). torch-compile is left out: it
#: needs a C++ compiler, and minutes before the first window.
AUTO_ORDER = ('tensorrt', 'openvino', 'onnxruntime', 'torch')


@dataclass(frozen=True)
class _Source:
    """Module and class of an engine, and the file in `requirements/` that it needs."""

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
    """An engine with its precision and provider.

    Attributes:
        name: one of ENGINES, but not 'auto'.
        precision: one of its PRECISIONS, or 'auto'.
        provider: one of PROVIDERS; only ONNX Runtime has others than 'cpu'.
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
        """Load a bundle into the engine.

        Args:
            bundle: the model.
            threads: CPU threads, at least 1.
            cache: folder for artifacts that the engine derives from the bundle; None for the
                default.

        Raises:
            InputError: the engine is not installed, or does not support the bundle or machine.
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
            # The package is installed, but a library that it needs is missing or incompatible.
            raise InputError(f'engine {self.name} cannot be loaded: {one_line(error)}') from error


def choices_of(name: str, precision: str = 'auto', provider: str = 'cpu') -> list[EngineChoice]:
    """Return the choices for a user's options, the preferred one first.

    'auto' stands for every engine of AUTO_ORDER that has the precision and the provider.

    Raises:
        InputError: an option is unknown, or no engine has that precision and provider.
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
    """Return the engines that may take over from an engine during a run, the preferred one first.

    They compute exact float32 on the CPU; the fastest is first. TensorRT is never among them,
    because building its plans takes minutes.
    """
    itself = choice.name if choice.provider == 'cpu' else ''
    return [EngineChoice(name) for name in AUTO_ORDER if name not in ('tensorrt', itself)]


def _list(names: Sequence[str]) -> str:
    return ', '.join(names)
