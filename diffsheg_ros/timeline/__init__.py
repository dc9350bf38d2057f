"""Planned motion over time: tracks, layers, blends, emphasis, playout.

Imports: topic_values, diffsheg_model. No ROS.
"""
