"""Training data: the shards that training reads, and what makes them.

Imports: session and below.
"""
