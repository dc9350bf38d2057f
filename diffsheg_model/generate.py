"""Public name of `session.generate`: generation of motion from a recording."""

from diffsheg_model.session.generate import generate

__all__ = ['generate']
