"""What the viewer shows of live topics.

Imports: capture, diagnostics, timeline, diffsheg_model. No ROS.
"""
