"""Capture of speech that is published: microphone, page, other packages' audio messages.

Imports: audio_in, diagnostics, topic_values, parameter_rules, diffsheg_model. No ROS.
"""
