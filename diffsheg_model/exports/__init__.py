"""Motion as files: for animation tools, spreadsheets, game engines; and as pictures to look at.

Every writer puts its file in place whole or not at all. `kinds` chooses one by a file's name.
matplotlib is loaded by the pictures only, when they are drawn.
"""

from diffsheg_model.exports.bvh import write_bvh
from diffsheg_model.exports.face_csv import write_face_csv
from diffsheg_model.exports.facial_json import write_facial_json
from diffsheg_model.exports.gltf import write_gltf
from diffsheg_model.exports.livelink_csv import write_livelink_csv
from diffsheg_model.exports.motion_mcap import write_mcap
from diffsheg_model.exports.motion_npz import read_npz, write_npz
from diffsheg_model.exports.motion_picture import plot_motion
from diffsheg_model.exports.outputs import write_outputs
from diffsheg_model.exports.plot import plot_curves
from diffsheg_model.exports.pose_strip import plot_pose_strip
from diffsheg_model.exports.urdf import write_urdf

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
