"""The TensorRT engine: build of plans on any machine, execution on NVIDIA GPUs.

Imports: engines and below.
"""
