"""The executables, one file each: wiring of topics, parameters and timers.

Imports: everything else in the package, and rclpy.
"""
