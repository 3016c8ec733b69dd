#!/bin/sh
# What keeps an intruder small: how the program is linked, and what systemd lets it do. A build with sanitizers is
# linked otherwise, so of that only what all builds have is looked at.
set -eu

repository=${PANNIER_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
program=${PANNIER_BIN:?}
exposure_max=20 # tenths; 1.2 when this was written

fail() {
	echo "$1"
	exit 1
}

if command -v readelf >/dev/null; then
	readelf -hW "$program" | grep -q 'Type: *DYN' || fail "$program is not position independent"
	readelf -lW "$program" | grep 'GNU_STACK' | grep -q 'RWE' && fail "$program has an executable stack"
	if ! readelf -sW "$program" | grep -q '__asan_init'; then
		readelf -lW "$program" | grep -q 'GNU_RELRO' || fail "$program is linked without relro"
		case $(readelf -dW "$program") in
		*BIND_NOW* | *'Flags: NOW'*) ;;
		*) echo "debug build: symbols are bound late" ;;
		esac
	fi
	echo "$program is linked as it should be"
else
	echo "readelf is not there: how the program is linked was not looked at"
fi

if ! command -v systemd-analyze >/dev/null ||
	! systemd-analyze security --offline=true "$repository/packaging/pannier.service" >/dev/null 2>&1; then
	echo "systemd-analyze cannot judge units here: the unit was not looked at"
	exit 0
fi
level=$(systemd-analyze security --offline=true "$repository/packaging/pannier.service" |
	sed -n 's/.*Overall exposure level for [^:]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
[ -n "$level" ] || fail "systemd-analyze gave no level"
[ "$level" -le "$exposure_max" ] || fail "packaging/pannier.service: exposure $level tenths, at most $exposure_max"
echo "packaging/pannier.service: exposure $level tenths"
