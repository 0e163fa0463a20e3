#!/bin/bash
# SPDX-License-Identifier: MIT
# packages.sh ROOT: tests scripts/lib/packages.sh with fake apt, dpkg and systemd programs.
set -euo pipefail
root=$1
# shellcheck source=tests/scripts/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
export FAKE=$work PATH=$work/bin:$PATH

# fake NAME: creates a program with that name and the script on stdin.
fake() {
    { printf '#!/bin/bash\n' && cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

fake sudo <<<'exec "$@"'
fake sleep <<<'exec /bin/sleep 0.05'
fake dpkg-query <<'SH'
case $1$2 in
-W*) if [ $# -eq 2 ]; then sed 's/^/installed /' "$FAKE/installed"; else grep -qx "$3" "$FAKE/installed" && printf installed; fi ;;
-L*) shift && for package in "$@"; do cat "$FAKE/files-$package" 2>/dev/null; done; true ;;
esac
SH
fake apt-get <<'SH'
echo "$*" >>"$FAKE/apt-calls"
case " $* " in
*' -s '*) ;;
*" $(cat "$FAKE/locked-command" 2>/dev/null) "*) # the command blocked by another program's lock
    if tries=$(cat "$FAKE/locked-tries") && [ "$tries" -gt 0 ]; then
        echo $((tries - 1)) >"$FAKE/locked-tries"
        echo "E: Could not get lock $FAKE/lock. It is held by process 1 (aptitude)" >&2
        exit 100
    fi
    ;;
esac
case " $* " in
*' -s '*) cat "$FAKE/plan" && exit "$(cat "$FAKE/plan-status")" ;;
*' install '*)
    policy=missing
    [ ! -x "$FAKE/policy-rc.d" ] || { "$FAKE/policy-rc.d" || policy=$?; }
    echo "$policy" >"$FAKE/policy-seen"
    [ ! -e "$FAKE/install-fails" ] || exit 100
    if [ -e "$FAKE/install-hit" ]; then # the shell that waits for this program's output
        read -r _ _ _ above _ <"/proc/$PPID/stat"
        kill -TERM "$above" && /bin/sleep 1
    fi
    printf '%s\n' "${@: -1}" library >>"$FAKE/installed"
    ;;
esac
SH
fake systemctl <<'SH'
echo "$*" >>"$FAKE/systemctl-calls"
case $1 in
list-units) [ ! -e "$FAKE/no-systemd" ] ;;
is-enabled) if [ "$2" = prometheus.service ]; then echo enabled; else echo disabled && exit 1; fi ;;
esac
SH

# fresh: no calls yet, one package installed, and a plan that installs the requested packages.
fresh() {
    rm -f "$work"/{apt-calls,systemctl-calls,policy-seen,policy-rc.d,install-fails,install-hit,no-systemd,locked-*}
    echo g++ >"$work/installed"
    echo 'Inst prometheus (2.42.0 Debian:12 [amd64])' >"$work/plan"
    echo 0 >"$work/plan-status"
    printf '%s\n' /lib/systemd/system/prometheus.service /lib/systemd/system/prometheus@.service \
        /lib/systemd/system/prometheus-idle.service /usr/bin/promtool >"$work/files-prometheus"
    echo /lib/systemd/system/present.service >"$work/files-g++"
}

# locked COMMAND TRIES: makes another program hold apt's lock for that many tries of the command.
locked() {
    echo "$1" >"$work/locked-command"
    echo "$2" >"$work/locked-tries"
}

# install PACKAGE...: stores its output in $said and its status in $status.
install() {
    status=0
    said=$(
        set -euo pipefail
        . "$root/scripts/lib/packages.sh"
        weir_policy=$work/policy-rc.d
        weir_lock_seconds=${lock_seconds:-60}
        weir_install_packages "$@" 2>&1
    ) || status=$?
}

calls() { cat "$work/$1-calls" 2>/dev/null || true; }

echo "== Nothing is missing: apt isn't called"
fresh
install g++
check "status" equal "$status" 0
check "it says nothing" equal "$said" ""
check "apt" equal "$(calls apt)" ""
check "systemd" equal "$(calls systemctl)" ""

echo "== What is missing is named and installed, and starts no daemon"
fresh
install g++ prometheus
check "status" equal "$status" 0
check "it says what" holds "$said" "Installing: prometheus"
check "apt removes nothing" holds "$(calls apt)" "install -y --no-remove"
check "nothing is waited for" lacks "$said" "Waiting"
check "only what is missing" lacks "$(calls apt)" "g++"
check "the policy held during the installation" equal "$(cat "$work/policy-seen")" 101
check "the policy is gone" test ! -e "$work/policy-rc.d"

echo "== What would start with the machine is disabled, and nothing else"
check "it says so" holds "$said" "Disabled at boot: prometheus.service ("
check "systemd" holds "$(calls systemctl)" "disable --quiet prometheus.service"
check "no templates" lacks "$(calls systemctl)" "prometheus@"
check "nothing that was there before" lacks "$(calls systemctl)" "present.service"
check "no masks" lacks "$(calls systemctl)" "mask"

echo "== Without a running systemd nothing is disabled"
fresh
touch "$work/no-systemd"
install prometheus
check "status" equal "$status" 0
check "systemd" lacks "$(calls systemctl)" "disable"
check "it doesn't say so" lacks "$said" "Disabled"

echo "== The policy goes again when the installation fails"
fresh
touch "$work/install-fails"
install prometheus
check "status" equal "$status" 100
check "the policy held" equal "$(cat "$work/policy-seen")" 101
check "the policy is gone" test ! -e "$work/policy-rc.d"
check "nothing is disabled" lacks "$(calls systemctl)" "disable"

echo "== and when a signal ends it"
fresh
touch "$work/install-hit"
install prometheus
check "status" equal "$status" 130
check "the policy is gone" test ! -e "$work/policy-rc.d"

for command in update install; do
    echo "== While another program holds a lock, $command waits and says so"
    fresh
    locked "$command" 2
    install prometheus
    check "status" equal "$status" 0
    check "it is installed" equal "$(grep -c prometheus "$work/installed")" 1
    check "it says so once" equal "$(grep Waiting <<<"$said")" \
        "Waiting for apt, 60 s at most: Could not get lock $work/lock. It is held by process 1 (aptitude)"
    check "nothing failed" lacks "$said" "E:"
    check "apt waits itself where it can" grep -qE "Timeout=[1-9][0-9]* $command" "$work/apt-calls"

    echo "== but not for ever"
    fresh
    locked "$command" 1000
    lock_seconds=1 install prometheus
    check "status" equal "$status" 100
    check "it says why" holds "$said" "E: Could not get lock $work/lock. It is held by process 1 (aptitude)"
    check "nothing is installed" equal "$(cat "$work/installed")" g++
    check "the policy is gone" test ! -e "$work/policy-rc.d"
done

echo "== Another failure of apt isn't waited for"
fresh
touch "$work/install-fails"
install prometheus
check "status" equal "$status" 100
check "once" equal "$(calls apt | grep -c -- ' install -y')" 1
check "nothing is waited for" lacks "$said" "Waiting"

echo "== An administrator's own policy stays"
fresh
printf '#!/bin/sh\nexit 102\n' >"$work/policy-rc.d"
chmod +x "$work/policy-rc.d"
install prometheus
check "status" equal "$status" 0
check "the policy held" equal "$(cat "$work/policy-seen")" 102
check "the policy is there" test -x "$work/policy-rc.d"

echo "== A package that would go stops everything with a sentence"
fresh
printf 'Remv libboost-dev [1.74.0.3]\nInst libboost1.81-dev (1.81.0 Debian:12 [amd64])\n' >"$work/plan"
install libboost1.81-dev
check "status" equal "$status" 1
check "it says which" holds "$said" "installing these would remove: libboost-dev. Nothing was changed."
check "nothing is installed" equal "$(cat "$work/installed")" g++
check "apt only simulated" equal "$(calls apt | grep -vc -e ' -s ' -e '-s install' -e update)" 0

echo "== So does what apt can't do"
fresh
printf ' libboost1.81-dev : Conflicts: libboost-dev\nE: Unable to correct problems\n' >"$work/plan"
echo 100 >"$work/plan-status"
install libboost1.81-dev
check "status" equal "$status" 1
check "it says why" holds "$said" "the packages conflict with installed ones: libboost1.81-dev : Conflicts: libboost-dev"
check "nothing is installed" equal "$(cat "$work/installed")" g++

finish
