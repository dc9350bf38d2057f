"""Training data: the shards that training reads, and the tools that make them.

Imports: session and below.
"""
