"""Speech synthesisers that also give the times of words and phones.

Imports: audio and below.
"""
