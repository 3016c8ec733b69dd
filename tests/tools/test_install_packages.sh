#!/bin/sh
# Runs tools/install-packages against stand-ins of dpkg-query, apt-get, sudo and id: it installs exactly what is missing,
# refreshes the lists only when needed, needs no rights when all is there, and says what is missing without sudo.
set -eu

repository=${PANNIER_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
failed=0

stand_in() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# MISSING: packages that are not there; APT_FAILS: times that apt-get install fails first; WHO: the user's id
stand_in dpkg-query 'for last; do :; done; case " $MISSING " in *" $last "*) exit 1 ;; esac; echo "ii "'
stand_in apt-get 'echo "apt-get $*" >>"$WORK/log"
if [ "$1" = install ] && [ "$(cat "$WORK/fails")" -gt 0 ]; then echo 0 >"$WORK/fails"; exit 100; fi'
stand_in sudo 'echo sudo >>"$WORK/log"; exec "$@"'
stand_in id 'echo "$WHO"'
stand_in clang 'echo "$WORK/runtime"'
stand_in apt-cache 'exit 1'
stand_in chromium 'exit 0'
stand_in node 'exit 0'
stand_in npm 'exit 0'
mkdir "$work/runtime"
touch "$work/runtime/libclang_rt.fuzzer.a"

# check NAME WANT-STATUS WANT-LOG -- VARIABLES... COMMAND...
check() {
	name=$1
	want_status=$2
	want_log=$3
	shift 4
	: >"$work/log"
	status=0
	env PATH="$work/bin:$PATH" WORK="$work" "$@" >"$work/out" 2>&1 || status=$?
	if [ "$status" -ne "$want_status" ] || [ "$(cat "$work/log")" != "$want_log" ]; then
		printf '%s\n  want: %s, "%s"\n  got:  %s, "%s"\n' "$name" "$want_status" "$want_log" "$status" "$(cat "$work/log")"
		cat "$work/out"
		failed=1
	fi
}

install="apt-get install -y -q --no-install-recommends"
program=$repository/tools/install-packages

echo 0 >"$work/fails"
check "all there, no rights" 0 "" -- MISSING= WHO=1000 "$program" test
check "one missing, root" 0 "$install meson" -- MISSING="meson" WHO=0 "$program" run
check "two missing, sudo" 0 "sudo
$install ninja-build libjansson-dev" -- MISSING="ninja-build libjansson-dev" WHO=1000 "$program" run
check "tests' package not needed to run" 0 "" -- MISSING="libcmocka-dev" WHO=1000 "$program" run
check "tests' package" 0 "$install libcmocka-dev" -- MISSING="libcmocka-dev" WHO=0 "$program" test
check "bench" 0 "$install nginx-light" -- MISSING="nginx-light" WHO=0 "$program" bench
check "unknown use" 2 "" -- MISSING= WHO=0 "$program" dance
echo 1 >"$work/fails"
check "lists are old" 0 "$install meson
apt-get update -q
$install meson" -- MISSING="meson" WHO=0 "$program" run
rm "$work/bin/sudo"
if ! command -v sudo >/dev/null; then
	check "no rights, no sudo" 1 "" -- MISSING="meson" WHO=1000 "$program" run
	grep -q "apt-get install --no-install-recommends meson" "$work/out" || failed=1
fi

[ "$failed" -eq 0 ] && echo "install-packages does what it must"
exit "$failed"
