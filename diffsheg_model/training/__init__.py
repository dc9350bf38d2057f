"""Training of UniEG with PyTorch Lightning: data, losses, module, presets."""
