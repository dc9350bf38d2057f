"""MCAP recordings of ROS topics, read and written without ROS.

Imports: motion_files and below.
"""
