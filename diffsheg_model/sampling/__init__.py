"""Diffusion sampling as pure mathematics: schedule, solver, noise, plan, FOPPAS.

Imports: config, errors.
"""
