"""Constant folding: a bundle's graph with everything that depends only on parameters computed."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import onnxruntime

from diffsheg_model.errors import InputError, one_line

if TYPE_CHECKING:
    import onnx


def fold_constants(path: Path) -> 'onnx.ModelProto':
    """Read a graph with its weights, and replace constant subgraphs by their values.

    Code that transforms or parses graphs then finds plain weights instead of the exporter's
    arithmetic on them.

    Raises:
        InputError: the graph is missing or cannot be read.
    """
    import onnx

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / 'folded.onnx')
        try:
            onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
        except Exception as error:
            # ONNX Runtime's exceptions derive from Exception only.
            raise InputError(f'onnxruntime cannot load {path}: {one_line(error)}') from error
        model = onnx.load(options.optimized_model_filepath, load_external_data=False)
    # Parameters that were not folded still refer to the file beside the bundle's graph.
    onnx.load_external_data_for_model(model, str(path.parent))
    del model.graph.value_info[:]
    return model
