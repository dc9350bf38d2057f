"""Sound files, resampling, and the sound card.

Imports: untrusted, advice, errors, time_units.
"""

from diffsheg_model.audio.sound_file import read_audio

__all__ = ['read_audio']
