"""Audio that arrives: chunks sorted into utterances, in order and bounded.

Imports: diagnostics, topic_values, parameter_rules, diffsheg_model. No ROS.
"""
