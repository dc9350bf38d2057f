"""An engine that computes something else is found out, on any machine, by one command."""

import sys

import numpy as np
import pytest

from diffsheg_model.cli.main import main
from diffsheg_model.engines.comparison import (
    TOLERANCES,
    compare,
    reference_windows,
    relative_error,
)
from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine


def test_what_a_bundle_is_tried_with_follows_from_the_bundle(tiny_bundle):
    (first, way), (later, later_way) = reference_windows(tiny_bundle)
    assert (first.mel.shape[0], later.mel.shape[0]) == (1, 2)
    assert first.mel.std() > 0 and np.isfinite(first.mel).all()
    assert later_way.offset.any()  # known frames
    again = reference_windows(tiny_bundle)[0]
    np.testing.assert_array_equal(again[0].mel, first.mel)
    np.testing.assert_array_equal(again[1].start, way.start)


class _OtherStep(OnnxRuntimeEngine):
    def denoiser(self, conditions, steps):
        denoise = super().denoiser(conditions, [999 - step for step in steps])
        return lambda x, step: denoise(x, 999 - step)


class _RowsSwapped(OnnxRuntimeEngine):
    def denoiser(self, conditions, steps):
        denoise = super().denoiser(conditions, steps)
        return lambda x, step: denoise(x, step)[::-1]


class _NotFinite(OnnxRuntimeEngine):
    def denoiser(self, conditions, steps):
        return lambda x, step: np.full_like(x, np.nan)


@pytest.mark.parametrize('wrong', [_OtherStep, _RowsSwapped, _NotFinite])
def test_what_computes_something_else_is_found_out(wrong, tiny_bundle, tiny_engine):
    engine = wrong(tiny_bundle, 1)
    assert compare(engine, tiny_engine, tiny_bundle).error > max(TOLERANCES.values())
    engine.close()


def test_the_error_is_relative():
    reference = np.array([3, 4], np.float32)
    assert relative_error(reference * 1.5, reference) == pytest.approx(0.5)
    assert relative_error(np.array([3, np.inf], np.float32), reference) == np.inf


@pytest.mark.parametrize(('engine', 'other'), [('onnxruntime', 'torch'), ('torch', 'onnxruntime')])
def test_a_good_engine_passes(engine, other, tiny_bundle, capsys):
    pytest.importorskip('torch')
    arguments = ['selftest', '--engine', engine, '--bundle', str(tiny_bundle.path)]
    assert main([*arguments, '--threads', '1']) == 0
    shown = capsys.readouterr().out
    assert f'{other} (fp32)' in shown
    assert 'pass' in shown and 'FAIL' not in shown


def test_a_missing_engine_is_one_line(tiny_bundle, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'torch', None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, 'diffsheg_model.engines.torch_engine', raising=False)
    assert main(['selftest', '--engine', 'torch', '--bundle', str(tiny_bundle.path)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith('error: engine torch needs the module torch, which is not installed')


def test_a_bad_engine_fails(tiny_bundle, monkeypatch, capsys):
    monkeypatch.setitem(TOLERANCES, 'fp32', 0.0)  # nothing is as good as that
    arguments = ['selftest', '--engine', 'torch', '--bundle', str(tiny_bundle.path)]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert 'FAIL' in captured.out
    assert 'error: engine torch (fp32) is off by' in captured.err
