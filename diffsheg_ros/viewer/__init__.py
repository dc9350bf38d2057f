"""The live show: published motion and sound for the viewer's pages.

Imports: capture, diagnostics, timeline, diffsheg_model. No ROS.
"""
