"""Motion as files: for animation tools, spreadsheets, game engines; and as pictures to look at.

Every writer puts its file in place whole or not at all. `kinds` chooses one by a file's name.
matplotlib is loaded by the pictures only, when they are drawn.
"""

from diffsheg_model.motion_files.bvh import write_bvh
from diffsheg_model.motion_files.face_csv import write_face_csv
from diffsheg_model.motion_files.facial_json import write_facial_json
from diffsheg_model.motion_files.glb import write_gltf
from diffsheg_model.motion_files.livelink.csv import write_livelink_csv
from diffsheg_model.motion_files.mcap.motion import write_mcap
from diffsheg_model.motion_files.npz import read_npz, write_npz
from diffsheg_model.motion_files.urdf import write_urdf
from diffsheg_model.outputs import write_outputs
from diffsheg_model.pictures.curves import plot_curves
from diffsheg_model.pictures.motion_picture import plot_motion
from diffsheg_model.pictures.pose_strip import plot_pose_strip

__all__ = [
    'plot_curves',
    'plot_motion',
    'plot_pose_strip',
    'read_npz',
    'write_bvh',
    'write_face_csv',
    'write_facial_json',
    'write_gltf',
    'write_livelink_csv',
    'write_mcap',
    'write_npz',
    'write_outputs',
    'write_urdf',
]
