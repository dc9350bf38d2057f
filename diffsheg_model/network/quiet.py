"""Suppression of other libraries' warnings and log lines."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

EXPORTER = ('torch.onnx', 'onnxscript', 'onnx_ir')
"""Loggers of torch's ONNX exporter."""


@contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Suppress warnings, and all but errors of the named loggers."""
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
