#!/usr/bin/env bash
# Run a command in the checkout's environment: scripts/run.sh python -m diffsheg_ros.demo
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
[ -f "$root/.venv/ros-env.sh" ] || { echo 'error: no .venv here yet; run `make setup`' >&2; exit 1; }
set +u  # activate scripts of older Pythons read unset variables
. "$root/.venv/ros-env.sh"
set -u
cd "$root"
exec "$@"
