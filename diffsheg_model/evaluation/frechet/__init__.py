"""Frechet distances of motion and the auto-encoder they are measured in.

Imports: data and below; torch where the auto-encoder runs.
"""
