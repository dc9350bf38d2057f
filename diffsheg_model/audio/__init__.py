"""Sound files, resampling, and the sound card.

Imports: motion and the leaves (errors, files, threads, time_units).
"""

from diffsheg_model.audio.sound_file import read_audio

__all__ = ['read_audio']
