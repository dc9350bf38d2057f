"""TensorRT engine: builds plans on any machine and runs them on NVIDIA GPUs.

Imports: engines and below.
"""
