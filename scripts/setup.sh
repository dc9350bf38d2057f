#!/usr/bin/env bash
# Make or update the checkout's own environment in .venv: Python packages, ROS 2 from its wheels,
# and the message package of this checkout. Needs no ROS and no root.
#
#   scripts/setup.sh demo    what the robot and the demo need (no torch)
#   scripts/setup.sh test    that, and what the tests, the linters and training need
#   scripts/setup.sh jazzy   in .venv-jazzy: the wheels of ROS 2 Jazzy, and what its tests need
#
# PYTHON=python3.12 picks the interpreter, TORCH_INDEX=URL adds a package index to take torch from
# (where the default one has only its large CUDA build). Each step keeps a stamp with a hash of all
# it depends on, so a second run does nothing, and a changed file repeats just the steps that it
# concerns.
set -euo pipefail

level=${1:-demo}
root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
ros=ros constraints=constraints
[ "$level" != jazzy ] || { venv=$root/.venv-jazzy; ros=ros-jazzy; constraints=constraints-jazzy; }
python=$venv/bin/python
longest_path=1000  # bytes; the packages put files 300 deeper, and no path may exceed 4096
stamps=$venv/.stamps
workspace=$venv/ros_ws

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

. "$root/scripts/clean_env.sh"
. "$root/scripts/build_messages.sh"
# Of pip's settings only those count that say where packages come from; a folder or a selection of
# packages set for something else would leave this environment empty.
for name in $(compgen -e PIP_ || :); do
    case $name in
        PIP_*INDEX*|PIP_FIND_LINKS|PIP_*CERT|PIP_PROXY|PIP_TRUSTED_HOST|PIP_*TIMEOUT|PIP_RETRIES) ;;
        PIP_*CACHE_DIR|PIP_CONFIG_FILE|PIP_CONSTRAINT|PIP_KEYRING_PROVIDER|PIP_USE_*) ;;
        *) unset "$name" ;;
    esac
done
export PIP_USER=0
[ -d "${HOME:-}" ] || export PIP_NO_CACHE_DIR=1  # pip would make a HOME that does not exist

# Programs' first lines, CMake's lists and search paths cannot hold these characters.
check_place() {
    case $root in
        *[\"\$\`\\:\;]* | *$'\n'* | *$'\r'* | *$'\t'*)
            fail "the checkout lies in $(printf %q "$root"); its path must be without" \
                '" $ ` \ : ; tabs and line breaks: move it to another folder' ;;
    esac
    ! command -v iconv >/dev/null || printf %s "$root" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1 ||
        fail "the checkout lies in $(printf %q "$root"), which is not UTF-8: rename the folder"
    [ "$(printf %s "$root" | wc -c)" -le "$longest_path" ] ||
        fail "the checkout's path is longer than $longest_path bytes: move it to a shorter one"
}

# A finished environment works in a checkout that cannot be written; making one does not.
check_writable() {
    local folder=$root
    [ ! -d "$venv" ] || folder=$venv
    [ -w "$folder" ] || fail "$folder cannot be written, and ${venv##*/} is not complete or not up" \
        'to date: make it writable and run `make setup` again'
}

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
        check_writable
        base=$(pick_python)
        version=$(version_of "$base")
        say "making ${venv##*/} with Python $version"
        "$base" -m venv --clear "$venv" >/dev/null 2>&1 || fail "$base cannot make a virtual" \
            "environment; install its venv module (Debian, Ubuntu: apt install python$version-venv)"
    fi
    [ ! -f "$stamps/location" ] || [ ! -f "$venv/COLCON_IGNORE" ] || return 0
    check_writable
    mkdir -p "$stamps"
    echo "$venv" >"$stamps/location"
    touch "$venv/COLCON_IGNORE"
}

# once NAME HASH COMMAND...: runs the command unless it has succeeded with this hash before.
once() {
    local name=$1 hash=$2
    shift 2
    [ "$(cat "$stamps/$name" 2>/dev/null)" != "$hash" ] || return 0
    check_writable
    rm -f "$stamps/$name"
    "$@"
    echo "$hash" >"$stamps/$name"
}

# Hash of the named files of the checkout, with where it lies and which Python it has.
hash_of() { (cd "$root" && { sha256sum "$@"; echo "$root"; "$python" -VV; }) | sha256sum; }

pip_install() {
    "$python" -m pip install --quiet --quiet --disable-pip-version-check \
        --constraint "$root/requirements/$constraints.txt" \
        ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "$@" ||
        fail 'pip could not install the packages (its words are above); run the command again to go on'
}

install_packages() {
    local name files=()
    for name in "$ros" "$@"; do files+=(--requirement "$root/requirements/$name.txt"); done
    say "installing Python packages into ${venv##*/} ($level; minutes, the first time)"
    pip_install --upgrade pip setuptools wheel
    pip_install "${files[@]}" --no-build-isolation --editable "$root"
    # The generated messages lie in site-packages under the name of a source folder; with the
    # checkout on sys.path as a plain folder, each finds the other. Python reads such a file in the
    # locale's encoding, so the path is written as an ASCII literal.
    "$python" -c 'import sys, sysconfig
with open(sysconfig.get_path("purelib") + "/diffsheg_checkout.pth", "w", encoding="ascii") as file:
    file.write(f"import sys; sys.path.append({sys.argv[1]!a})\n")' "$root"
}

write_env_file() { "$root/scripts/ros_env.sh" "$venv" >"$venv/ros-env.sh"; }

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

case $level in
    demo) packages=(robot) ;;
    test) packages=(robot render train hubert openvino tensorrt test) ;;
    jazzy) packages=(robot train test) ;;  # the tests make their networks with torch
    *) fail "unknown level '$level': give demo, test or jazzy" ;;
esac

check_place
check_machine
# Two runs at once would install over each other: the second waits for the first.
exec 9<"${BASH_SOURCE[0]}"
flock 9
make_venv
cd -- "$root"
hash=$(hash_of requirements/*.txt setup.py setup.cfg pyproject.toml)
once "packages-$level" "$hash" install_packages "${packages[@]}"
[ "$level" != test ] || once packages-demo "$hash" true  # the tests' packages hold the demo's
once messages "$(hash_of msg/*.msg CMakeLists.txt package.xml "requirements/$ros.txt" \
    diffsheg_ros/__init__.py scripts/build_messages.sh scripts/fix_cmake_paths.py)" build_messages
once env-file "$(hash_of scripts/clean_env.sh scripts/ros_env.sh)" write_env_file
if [ "$level" = test ]; then install_browser; install_portaudio; fi
