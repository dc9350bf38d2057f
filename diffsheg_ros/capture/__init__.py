"""Speech that is captured and sent: microphone, page, other audio messages.

Imports: diagnostics, topic_values, diffsheg_model. No ROS.
"""
