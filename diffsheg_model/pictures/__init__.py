"""Pictures of the avatar as a file: a browser draws them, a video encoder writes them.

PyAV is loaded when a video is written; the browser is a program of the system.
"""
