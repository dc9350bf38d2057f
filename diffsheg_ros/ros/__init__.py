"""What all nodes share of ROS: messages, parameters, processes, reports.

Imports: diagnostics, topic_values, parameter_rules, and rclpy.
"""
