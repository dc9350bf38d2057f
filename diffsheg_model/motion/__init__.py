"""Motion as arrays: joints, rotations, skeletons, joint limits, the avatar rig.

Imports: checked_fields, files, errors, time_units.
"""
