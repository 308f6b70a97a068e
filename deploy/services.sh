#!/bin/sh
# services.sh PYTHON
# Sees to it that the tests can start their servers. A part that the environment names
# or that a Docker engine brings needs nothing; any other one needs its Debian package.
# Of that only the programs are wanted: no server of the package is started, neither
# now nor at the next boot. Each test run starts private ones and removes them.
set -eu
python=$1

packages=""
for part in postgres:postgresql rabbitmq:rabbitmq-server dovecot:dovecot-imapd; do
    if found=$("$python" -m "tests.services.${part%:*}"); then
        echo "Tests use ${part%:*}: $found"
    else
        packages="$packages ${part#*:}"
    fi
done
[ -n "$packages" ] || exit 0

line="apt-get update && apt-get install -y --no-install-recommends$packages"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need server programs; install what Debian calls$packages." >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as_root="env"
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    echo "The tests need server programs. Type:" >&2
    echo "    sudo sh -c '$line'" >&2
    exit 1
fi

# Packages ask this program whether they may start something; 101 means no. A machine
# may have one of its own, which waits aside meanwhile.
policy=/usr/sbin/policy-rc.d
aside=$policy.simpul-aside
# PostgreSQL reads from here whether to set up a server of its own.
dropins=/etc/postgresql-common/createcluster.d
dropin=$dropins/simpul-programs-only.conf
# What the packages enable for the next boot, unless it was there before.
units=""
for unit in epmd.socket epmd.service rabbitmq-server.service dovecot.socket dovecot.service; do
    [ -e "/lib/systemd/system/$unit" ] || units="$units $unit"
done
said=$(mktemp)

put_back() {
    rm -f "$said"
    $as_root rm -f "$dropin" "$policy"
    $as_root rmdir -p --ignore-fail-on-non-empty "$dropins" 2>/dev/null || true
    [ ! -e "$aside" ] || $as_root mv "$aside" "$policy"
}
trap put_back EXIT
trap 'exit 1' HUP INT TERM

[ ! -e "$policy" ] || [ -e "$aside" ] || $as_root mv "$policy" "$aside"
$as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
$as_root mkdir -p "$dropins"
$as_root sh -c "echo 'create_main_cluster = false' >$dropin"

# What a package says while it is set up is of interest only when it fails.
quietly() {
    $as_root "$@" >"$said" 2>&1 || { cat "$said" >&2; exit 1; }
}
echo "Installing Debian packages (programs only):$packages"
apt="DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300"
# shellcheck disable=SC2086  # several words each
quietly $apt update
# shellcheck disable=SC2086
quietly $apt install -y --no-install-recommends $packages
for unit in $units; do
    # With systemd, with the older way of starting, or with neither at hand.
    $as_root systemctl disable "$unit" >/dev/null 2>&1 || true
    $as_root update-rc.d "${unit%.*}" disable >/dev/null 2>&1 || true
done

for part in postgres rabbitmq dovecot; do
    echo "Tests use $part: $("$python" -m "tests.services.$part")"
done
