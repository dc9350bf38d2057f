#!/usr/bin/env bash
# Run a command in the checkout's environment: scripts/run.sh python -m diffsheg_ros.demo
#
# DIFFSHEG_VENV=.venv-jazzy names another environment of this checkout than .venv.
set -euo pipefail

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/${DIFFSHEG_VENV:-.venv}
[ -f "$venv/ros-env.sh" ] || { echo "error: no ${venv##*/} here yet; run \`make setup\`" >&2; exit 1; }
. "$root/scripts/clean_env.sh"
set +u  # activate scripts of older Pythons read unset variables
. "$venv/ros-env.sh"
set -u
cd -- "$root"
exec "$@"
