"""Live Link Face: csv files, and the UDP stream to Unreal Engine.

Imports: motion_files and below.
"""
