"""Reports of nodes: levels, counters and rates, and the log of their changes.

Imports: topic_values, diffsheg_model. No ROS.
"""
