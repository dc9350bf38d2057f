"""Motion files, one module for each format: for animation tools, spreadsheets and game engines.

A writer creates its file whole or not at all. `read` and `write` choose the format by the file's
suffix. Imports: bundle, audio, untrusted, motion, files, advice, errors,
time_units.
"""

from diffsheg_model.motion_files.arkit_csv import write_face_csv
from diffsheg_model.motion_files.bvh import write_bvh
from diffsheg_model.motion_files.facial_json import write_facial_json
from diffsheg_model.motion_files.glb import write_gltf
from diffsheg_model.motion_files.livelink.csv import write_livelink_csv
from diffsheg_model.motion_files.mcap.motion import write_mcap
from diffsheg_model.motion_files.npz import read_npz, write_npz
from diffsheg_model.motion_files.urdf import write_urdf

__all__ = [
    'read_npz',
    'write_bvh',
    'write_face_csv',
    'write_facial_json',
    'write_gltf',
    'write_livelink_csv',
    'write_mcap',
    'write_npz',
    'write_urdf',
]
