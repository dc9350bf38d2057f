"""First steps of a process: executables, command lines, parameter files, failed imports.

Imports: diffsheg_model, parameter_rules, parameters of the rooms. No ROS until a node starts.
"""
