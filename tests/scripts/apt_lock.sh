#!/bin/bash
# SPDX-License-Identifier: MIT
# apt_lock.sh ROOT: scripts/lib/packages.sh and the machine's own apt, on package lists of their own that another
# apt-get has locked.
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
export APT_CONFIG=$work/apt.conf LC_ALL=C.UTF-8 LANGUAGE=de # elsewhere apt speaks German
weir_as_root() { "$@"; } # these lists are the test's own

# hold: an apt-get that has the lock until the file held is gone
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
