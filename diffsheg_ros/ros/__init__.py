"""ROS for all nodes: messages, parameters, processes and reports.

Imports: diagnostics, topic_values, parameter_rules, and rclpy.
"""
