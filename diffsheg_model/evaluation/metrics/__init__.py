"""One metric per module, each with its formula and source.

Imports: motion, sampling, errors.
"""
