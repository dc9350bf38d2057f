"""A bundle's graph with all that follows from its parameters alone already computed."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import onnxruntime

from diffsheg_model.errors import InputError, one_line

if TYPE_CHECKING:
    import onnx


def fold_constants(path: Path) -> 'onnx.ModelProto':
    """Reads a graph with its weights; products of weights, casts and sizes are numbers in it.

    Those who transform graphs, or parse them, find plain weights where the exporter left the
    arithmetic that makes them.

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
            # ONNX Runtime raises a family of its own that derives from Exception only.
            raise InputError(f'onnxruntime cannot load {path}: {one_line(error)}') from error
        model = onnx.load(options.optimized_model_filepath, load_external_data=False)
    # Parameters that nothing was folded into are still references beside the bundle's graph.
    onnx.load_external_data_for_model(model, str(path.parent))
    del model.graph.value_info[:]
    return model
