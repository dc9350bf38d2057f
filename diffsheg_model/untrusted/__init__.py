"""Safe reading of untrusted files: errors of readers, memory budgets, pickles, arrays.

Imports: errors only.
"""
