"""Where the sound lies in an audio file: joined recordings, and sizes that are not true."""

from diffsheg_model.audio.containers.find import find_parts
from diffsheg_model.audio.containers.part import Part, PartFile

__all__ = ['Part', 'PartFile', 'find_parts']
