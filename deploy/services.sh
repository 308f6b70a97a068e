#!/bin/sh
# services.sh PYTHON
# Makes sure that the programs are installed which the tests start by themselves.
# No server is left running: each test run starts a private one and removes it.
set -eu
python=$1

if folder=$("$python" -m tests.services.postgres); then
    echo "PostgreSQL server programs: $folder"
    exit 0
fi

line="apt-get update && apt-get install -y --no-install-recommends postgresql"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need the PostgreSQL server programs (initdb, postgres) on PATH." >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as_root="env"
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    echo "The tests need the PostgreSQL server programs. Type:" >&2
    echo "    sudo sh -c '$line'" >&2
    exit 1
fi

# Only the programs are wanted, so the package is told not to set up and start a
# server of its own; the file that tells it goes away again.
dropins=/etc/postgresql-common/createcluster.d
dropin=$dropins/simpul-programs-only.conf
echo "Installing the Debian package postgresql (programs only)"
$as_root mkdir -p "$dropins"
trap '$as_root rm -f "$dropin"' EXIT
$as_root sh -c "echo 'create_main_cluster = false' > $dropin"
$as_root DEBIAN_FRONTEND=noninteractive apt-get update -qq
$as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null
folder=$("$python" -m tests.services.postgres)
echo "PostgreSQL server programs: $folder"
