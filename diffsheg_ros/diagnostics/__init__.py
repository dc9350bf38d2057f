"""What nodes report: levels, counters, rates, and the log of their changes.

Imports: topic_values, diffsheg_model. No ROS.
"""
