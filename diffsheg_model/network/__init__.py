"""The torch model UniEG, its ONNX export, and the conversion of checkpoints.

Imports: bundle, config, features, sampling and below. Everything here may load torch.
"""
