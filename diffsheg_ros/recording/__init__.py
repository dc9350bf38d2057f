"""Recordings of topics, their replay, and the display of the monitor.

Imports: audio_in, topic_values, parameter_rules, motion_values, diffsheg_model. No ROS.
"""
