"""Files and folders of this machine: replaced whole, private, temporary, cached.

Imports: errors only.
"""
