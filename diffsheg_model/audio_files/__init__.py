"""Where the sound lies in an audio file: joined recordings, and sizes that are not true."""

from diffsheg_model.audio_files.find import find_parts
from diffsheg_model.audio_files.part import Part, PartFile

__all__ = ['Part', 'PartFile', 'find_parts']
