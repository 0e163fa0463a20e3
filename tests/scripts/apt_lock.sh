#!/bin/bash
# SPDX-License-Identifier: MIT
# apt_lock.sh ROOT: tests scripts/lib/packages.sh with the machine's real apt, on separate package lists locked by
# another apt-get.
set -euo pipefail
root=$1
# shellcheck source=tests/scripts/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
# shellcheck source=scripts/lib/packages.sh
. "$root/scripts/lib/packages.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/apt/{etc/apt/{apt.conf,preferences,sources.list}.d,var/lib/{apt/lists/partial,dpkg},var/cache/apt}
touch "$work/apt/etc/apt/sources.list" "$work/apt/var/lib/dpkg/status"
printf 'Dir "%s/apt";\n' "$work" >"$work/apt.conf"
export APT_CONFIG=$work/apt.conf LC_ALL=C.UTF-8 LANGUAGE=de # in other locales apt speaks German
weir_as_root() { "$@"; } # no root needed: these lists belong to the test

# hold: runs an apt-get that holds the lock while the file held exists
hold() {
    apt-get update -qq -o "APT::Update::Pre-Invoke::=touch $work/held; while [ -e $work/held ]; do sleep 0.05; done" &
    until [ -e "$work/held" ]; do sleep 0.05; done
}

release_when_waited_for() {
    until grep -qs Waiting "$work/said"; do sleep 0.05; done
    rm "$work/held"
}

echo "== A free lock: nothing to say"
said=$(weir_apt_get update 2>&1) || fail "it failed"
check "it says nothing" equal "$said" ""

echo "== A lock that is held for a while"
hold
holder=$!
release_when_waited_for &
weir_apt_get update >"$work/said" 2>&1 || fail "it failed"
wait
said=$(<"$work/said")
check "it says what it waits for" holds "$said" \
    "Waiting for apt, 300 s at most: Could not get lock $work/apt/var/lib/apt/lists/lock. It is held by process $holder"
check "nothing failed" lacks "$said" "E:"

echo "== A lock that is held for too long"
hold
weir_lock_seconds=1
said=$(weir_apt_get update 2>&1) && fail "it worked"
check "it says why" holds "$said" "E: Could not get lock $work/apt/var/lib/apt/lists/lock"
rm "$work/held"
wait

finish
