#!/bin/sh
# bootstrap-venv.sh PYTHON FOLDER
# Makes a virtual environment with pip in FOLDER unless one is there. Bare Debian
# ships python3 without what that takes; then the missing package is installed.
set -eu
python=$1
folder=$2

if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Simpul needs Python 3.11 or newer; '$python' is not. Type: make PYTHON=/path/to/python3" >&2
    exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "'$python' lacks the module ensurepip. Install it for this Python, then try again." >&2
        exit 1
    elif [ "$(id -u)" = 0 ]; then
        as_root="env"
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n env"
    else
        echo "This Python cannot make virtual environments yet. Type:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y $package" >&2
        exit 1
    fi
    echo "Installing the Debian package $package"
    $as_root DEBIAN_FRONTEND=noninteractive apt-get update -qq
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
fi

"$python" -m venv --clear "$folder"
