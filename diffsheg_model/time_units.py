"""Units of time: integer nanoseconds, as in ROS."""

NS = 1_000_000_000
"""Nanoseconds in a second."""
