#!/usr/bin/env bash
# Print the file ros-env.sh of an environment: scripts/ros_env.sh .venv
set -euo pipefail

scripts=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
venv=$(CDPATH='' cd -- "$1" && pwd -P)
quoted="'${venv//\'/\'\\\'\'}"  # as every shell reads it; each use below closes the quote

echo '# Source this (bash, zsh or sh) for a shell in which ROS 2 and diffsheg_ros can be used.'
grep -v '^#' "$scripts/clean_env.sh"
cat <<END
. $quoted/bin/activate'
export AMENT_PREFIX_PATH=$quoted' CMAKE_PREFIX_PATH=$quoted' LD_LIBRARY_PATH=$quoted/lib'
# Traffic stays on this machine; set ROS_DOMAIN_ID to keep apart from other ROS programs on it.
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
END
