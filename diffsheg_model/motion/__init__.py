"""Motion as arrays: joints, rotations, skeletons, joint limits, the avatar rig.

Imports: errors, files, time_units.
"""
