"""Motion as files: BVH for the body, csv for the face, npz for both, pictures to look at.

Every writer puts its file in place whole or not at all. matplotlib is loaded by the two pictures
only, when they are drawn.
"""

from diffsheg_model.exports.bvh import write_bvh
from diffsheg_model.exports.face_csv import write_face_csv
from diffsheg_model.exports.motion_npz import read_npz, write_npz
from diffsheg_model.exports.outputs import write_outputs
from diffsheg_model.exports.plot import plot_curves
from diffsheg_model.exports.pose_strip import plot_pose_strip

__all__ = [
    'plot_curves',
    'plot_pose_strip',
    'read_npz',
    'write_bvh',
    'write_face_csv',
    'write_npz',
    'write_outputs',
]
