"""One configured avatar: engine, motion worker and timeline put together.

Imports: audio_in, timeline, diagnostics, parameter_rules, diffsheg_model. No ROS.
"""
