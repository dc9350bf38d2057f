"""TensorRT is imported when it is first used."""

import logging
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

pytest.importorskip('tensorrt_rtx')

from diffsheg_model.engines.tensorrt import library


def test_importing_the_module_does_not_load_tensorrt():
    program = (
        'import sys, diffsheg_model.engines.tensorrt.library;'
        "print(any(name.startswith('tensorrt') for name in sys.modules))"
    )
    ran = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout == 'False\n', ran.stderr


def test_other_names_are_no_attributes():
    with pytest.raises(AttributeError, match="no attribute 'builder'"):
        _ = library.builder


def test_without_tensorrt_the_error_names_both_packages(monkeypatch):
    for name in ('tensorrt', 'tensorrt_rtx'):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match='neither tensorrt nor tensorrt_rtx'):
        library._load()


def test_errors_are_kept_for_one_exception_and_warnings_are_for_debugging(caplog):
    severity = library.trt.ILogger
    library.trt_logger.last_error()
    with caplog.at_level(logging.DEBUG):
        library.trt_logger.log(severity.WARNING, 'slow')
        library.trt_logger.log(severity.ERROR, 'out of\n memory')
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}
    assert library.trt_logger.last_error() == 'out of memory'
    assert library.trt_logger.last_error() == 'TensorRT does not say why'
