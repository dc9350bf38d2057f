"""Frechet distance of motion, and the auto-encoder of its features.

Imports: data and below; torch where the auto-encoder runs.
"""
