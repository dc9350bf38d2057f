"""Waveform to network features: mel spectrogram and speech encoder, streamed.

Imports: bundle, config, audio and below.
"""
