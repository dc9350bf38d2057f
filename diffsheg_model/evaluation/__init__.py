"""Measures of generated motion: one function a metric, with its formula and source."""
