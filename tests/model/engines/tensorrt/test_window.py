"""Inputs of a window in one block of memory."""

import numpy as np
import pytest

pytest.importorskip('tensorrt_rtx')
pytest.importorskip('cuda.core')
onnx = pytest.importorskip('onnx')
reference = pytest.importorskip('onnx.reference')

from diffsheg_model.engines.tensorrt.window import (
    ALIGNMENT,
    Layout,
)


def test_tensors_lie_where_tensorrt_wants_them():
    tensors = {'a': np.ones((3, 5), np.float32), 'b': np.arange(2), 'c': np.ones(1, np.float32)}
    layout = Layout.of(tensors)
    assert all(offset % ALIGNMENT == 0 for offset in layout.offsets.values())
    memory = np.zeros(layout.nbytes, np.uint8)
    for name, view in layout.views(memory).items():
        view[...] = tensors[name]
    for name, view in layout.views(memory).items():  # nothing lies over another
        np.testing.assert_array_equal(view, tensors[name])
