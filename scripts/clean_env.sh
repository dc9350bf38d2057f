# Sourced by setup.sh and run.sh, and part of .venv/ros-env.sh (bash, zsh, sh): removes every
# variable that would bring another ROS, middleware, Python or environment into this one.
# ROS_DOMAIN_ID and ROS_LOG_DIR stay, because users of this checkout set them on purpose.

unset LD_PRELOAD  # first: what cannot be loaded makes every program below complain
for _diffsheg_name in $(
    awk 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z0-9_]+$/) print name }' | grep -E \
        -e '^_*(ROS|ROS2|RMW|RCL|RCLPY|RCUTILS|ROSIDL|AMENT|COLCON|TRACETOOLS|SPDLOG)_' \
        -e '^(FASTRTPS|FASTDDS|CYCLONEDDS|ZENOH|GURUMDDS|CONNEXT|CONNEXTDDS|NDDS|RTI|DDS)_' \
        -e '^(NDDSHOME|SKIP_DEFAULT_XML|MATPLOTLIBRC|MPLBACKEND)$' \
        -e '^(CMAKE|CONDA|GZ|IGN|LD)_|^VIRTUAL_ENV|^PYTHON[A-Z0-9_]+$' |
        grep -vxE 'ROS_DOMAIN_ID|ROS_LOG_DIR|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE' || :
); do unset "$_diffsheg_name"; done
unset _diffsheg_name
