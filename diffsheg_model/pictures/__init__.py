"""Pictures of motion as files: plots, pose strips, and renders of the page as stills or videos.

PyAV is loaded when a video is written; the browser is a program of the system.
Imports: viewer, audio, motion, files, advice, errors.
"""
