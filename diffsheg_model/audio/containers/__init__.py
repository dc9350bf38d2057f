"""Search for the sound in an audio file: joined recordings, and headers with wrong sizes.

Imports: untrusted, errors.
"""

from diffsheg_model.audio.containers.find import find_parts
from diffsheg_model.audio.containers.part import Part, PartFile

__all__ = ['Part', 'PartFile', 'find_parts']
