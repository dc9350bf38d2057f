"""ROS for all nodes: messages, parameters, processes and reports.

Imports: startup, audio_in, diagnostics, topic_values, parameter_rules, motion_values, rclpy.
"""
