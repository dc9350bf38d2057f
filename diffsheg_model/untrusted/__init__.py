"""Files that nobody vouches for: the error border of readers, budgets of memory, pickles, arrays.

Imports: errors only.
"""
