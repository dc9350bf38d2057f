"""The live show: published motion and sound for the viewer's pages.

Imports: audio_in, capture, diagnostics, parameter_rules, diffsheg_model. No ROS.
"""
