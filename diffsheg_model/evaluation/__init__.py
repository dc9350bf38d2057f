"""Evaluation of generated motion against captured motion: metrics, distances and the report.

Imports: data, session, pictures, engines and below. Only `frechet` loads torch.
"""
