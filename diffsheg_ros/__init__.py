"""Live speech to face and gesture motion on ROS 2: nodes, messages and their conversions.

The generated messages (`diffsheg_ros.msg`) are a package of this same name in another folder, so
the search path is extended over every folder of that name on `sys.path`. What works without ROS
lives in `diffsheg_model`.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
