"""Training of UniEG with PyTorch Lightning: data, losses, module, presets.

Imports: data, network, engines (compiled code only), sampling and below. Everything here may load
torch.
"""
