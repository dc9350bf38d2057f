"""Import of TensorRT: `tensorrt` if it is installed, else `tensorrt_rtx`.

Both have the same interface. Code that works with only one of them is marked.
"""

import importlib
import logging
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorrt as trt

    trt_logger: Any

__all__ = ['trt', 'trt_logger']

logger = logging.getLogger(__name__)


def _load() -> ModuleType:
    for name in ('tensorrt', 'tensorrt_rtx'):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        if hasattr(module, 'Builder'):  # missing in a package of type stubs
            return module
    raise ModuleNotFoundError(
        'neither tensorrt nor tensorrt_rtx is installed', name='tensorrt_rtx or tensorrt'
    )


def _make_logger(library: ModuleType) -> Any:
    levels = {
        library.ILogger.INTERNAL_ERROR: logging.ERROR,
        library.ILogger.ERROR: logging.ERROR,
        library.ILogger.WARNING: logging.DEBUG,  # about TensorRT's own choices; users cannot act
        library.ILogger.INFO: logging.DEBUG,
        library.ILogger.VERBOSE: logging.NOTSET,
    }

    class Logger(library.ILogger):  # type: ignore[misc, name-defined]
        """Logger that passes TensorRT's messages to logging, and keeps errors for exceptions."""

        def __init__(self) -> None:
            library.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            level = levels[severity]
            if level == logging.ERROR:
                self.errors.append(' '.join(message.split()))
                level = logging.DEBUG  # it will be part of an exception
            if level:
                logger.log(level, '%s', message)

        def last_error(self) -> str:
            """Return the last error and forget all errors."""
            errors, self.errors = self.errors, []
            return errors[-1] if errors else 'TensorRT does not say why'

    return Logger()


def __getattr__(name: str) -> Any:
    """Load TensorRT when `trt` or `trt_logger` is first used, not when this module is imported.

    Raises:
        ModuleNotFoundError: TensorRT is not installed.
    """
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    library = _load()
    # One logger for the process: TensorRT ignores all further ones.
    globals().update(trt=library, trt_logger=_make_logger(library))
    return globals()[name]
