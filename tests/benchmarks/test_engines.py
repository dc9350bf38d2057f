"""`make bench`, on a tiny bundle."""

import argparse

import numpy as np
import pytest

from benchmarks.engines import measure
from benchmarks.floor import measure_machine, work_of_call
from diffsheg_model.engines.registry import EngineChoice

pytest.importorskip('torch')


def test_rows_have_what_is_promised_and_eager_is_the_reference(tiny_bundle):
    engines = [EngineChoice(name, 'fp32') for name in ('torch', 'onnxruntime', 'tensorrt')]
    rows = measure('tiny', tiny_bundle, engines, argparse.Namespace(threads=1, windows=2))
    names = [row['engine'] for row in rows]
    assert names[:2] == ['torch', 'onnxruntime']  # and tensorrt where there is a GPU
    for row in rows:
        assert row['network'] == 'tiny'
        assert row['ms_per_call'] > 0
        assert row['speedup'] == pytest.approx(rows[0]['ms_per_call'] / row['ms_per_call'])
        new_frames_ms = row['ms_per_call'] * row['calls'] * row['frames_per_second']
        assert new_frames_ms / 1000 == pytest.approx(row['new_frames'])
    assert rows[0]['rel_error'] == 0
    assert 0 < rows[1]['rel_error'] < 1e-4


def test_the_floor_counts_every_product_of_a_call(tiny_bundle):
    """Against the numbers that the graphs of the two branches multiply with."""
    onnx = pytest.importorskip('onnx')
    from diffsheg_model.engines.constant_folding import fold_constants

    sizes, products = tiny_bundle.config.network, 0
    for branch in ('expression', 'gesture'):
        graph = fold_constants(tiny_bundle.path / f'{branch}.onnx').graph
        shapes = {value.name: tuple(value.dims) for value in graph.initializer}
        for node in graph.node:
            if node.op_type in ('Gemm', 'MatMul') and node.input[1] in shapes:
                products += int(np.prod(shapes[node.input[1]]))
    work = work_of_call(sizes, 34)
    assert onnx is not None
    # The two columns beside each fusion's product are all that the count leaves out.
    assert work.parameters == pytest.approx(products, rel=0.02)
    assert work.operations > 2 * 34 * work.parameters
    limits = measure_machine(1)
    assert limits.floor_s(work) > 0
