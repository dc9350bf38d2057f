"""Live speech to face and gesture motion on ROS 2: nodes, messages and their conversions.

The generated messages (`diffsheg_ros.msg`) are in a package of the same name in another folder. So
the search path of this package contains every folder of that name on `sys.path`. Code that works
without ROS is in `diffsheg_model`.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
