# Sourced by setup.sh: builds the message package of the checkout at $root into $venv.

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

# Prints a new folder whose path is plain ASCII.
plain_folder() {
    local place
    for place in "${TMPDIR:-/tmp}" /tmp /var/tmp /dev/shm "$venv"; do
        case $place in *[!A-Za-z0-9._/-]*) continue ;; esac
        mktemp -d "$place/diffsheg-build.XXXXXX" 2>/dev/null && return
    done
    fail 'no folder for temporary files can be written; set TMPDIR to one (plain ASCII, no spaces)'
}

# CMake and rosidl lose letters beyond ASCII, and spaces, in the lists of files that they write.
# So the package is built in a folder with a plain path, from which a link leads to .venv.
build_messages() {
    local include build prefix log=$workspace/build.log
    include=$(python_include | tail -n 1)
    say 'building the message package'
    build=$(plain_folder)
    trap 'rm -rf "$build"' EXIT
    prefix=$build/venv
    ln -s "$venv" "$prefix"
    "$prefix/bin/python" "$root/scripts/fix_cmake_paths.py" "$include" >/dev/null
    mkdir -p "$workspace" "$build/src/diffsheg_ros"
    (
        cd "$root"
        cp -R msg CMakeLists.txt package.xml "$build/src"
        cp diffsheg_ros/__init__.py "$build/src/diffsheg_ros"
        cd "$build"
        unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
        unset C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH
        export PATH="$prefix/bin:$PATH" VIRTUAL_ENV="$prefix" CPATH="$include:${include%/*}"
        export AMENT_PREFIX_PATH="$prefix" CMAKE_PREFIX_PATH="$prefix" COLCON_HOME="$build/colcon"
        "$prefix/bin/python" -m colcon --log-base log build --base-paths src \
            --packages-select diffsheg_ros \
            --build-base build --install-base "$prefix" --merge-install \
            --cmake-args -DPython3_EXECUTABLE="$prefix/bin/python" \
            -DPython3_INCLUDE_DIR="$include" -DDIFFSHEG_MESSAGES_ONLY=ON -DBUILD_TESTING=OFF
    ) >"$log" 2>&1 || fail "the message package did not build; the last lines of $log are:" \
        "$(printf '\n%s' "$(tail -n 15 "$log")")"
    # The link is about to go: what CMake finds later are the folders in .venv itself.
    "$python" "$root/scripts/fix_cmake_paths.py" "$include" >/dev/null
    rm -rf "$build"
    trap - EXIT
}
