"""Evaluation of generated motion against captured motion: metrics, distances and the report."""
