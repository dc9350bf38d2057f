"""Files and folders of this machine: atomic replacement, private files, spools, user folders.

Imports: errors only.
"""
