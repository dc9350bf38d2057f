"""Live Link Face: its csv files, and its UDP stream to Unreal Engine.

Imports: motion_files and below.
"""
