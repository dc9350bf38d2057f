"""Recordings of topics, their replay, and the display of the monitor.

Imports: diagnostics, topic_values, diffsheg_model. No ROS.
"""
