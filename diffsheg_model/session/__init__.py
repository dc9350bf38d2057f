"""Speech to motion, window by window: the product itself.

Imports: engines, features, sampling, bundle and below.
"""
