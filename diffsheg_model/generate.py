"""The function that turns a recording into motion, under its public name."""

from diffsheg_model.session.generate import generate

__all__ = ['generate']
