"""Keeps other libraries' talk away from the user."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

EXPORTER = ('torch.onnx', 'onnxscript', 'onnx_ir')
"""Loggers of torch's ONNX exporter."""


@contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """No warnings, and of the named loggers errors only."""
    noisy = [logging.getLogger(name) for name in loggers]
    levels = [log.level for log in noisy]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for log in noisy:
            log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for log, level in zip(noisy, levels, strict=True):
                log.setLevel(level)
