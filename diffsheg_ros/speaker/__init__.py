"""Speech played on a loudspeaker, in time with the motion.

Imports: audio_in, diagnostics, parameter_rules, diffsheg_model. No ROS.
"""
