"""Capture of speech that is published: microphone, page, other packages' audio messages.

Imports: diagnostics, topic_values, diffsheg_model. No ROS.
"""
