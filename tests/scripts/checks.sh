# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Small checks for tests of scripts; sourced. A test counts failures and ends with `finish`.

failures=0

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    failures=$((failures + 1))
}

# check WHAT COMMAND...: checks that the command succeeds.
check() {
    local what=$1
    shift
    "$@" || fail "$what"
}

equal() { [ "$1" = "$2" ] || { printf "'%s' is not '%s'\n" "$1" "$2" >&2 && return 1; }; }

# holds TEXT PART
holds() { [[ $1 == *"$2"* ]] || { printf "'%s' is not in: %s\n" "$2" "$1" >&2 && return 1; }; }

lacks() { [[ $1 != *"$2"* ]] || { printf "'%s' is in: %s\n" "$2" "$1" >&2 && return 1; }; }

finish() {
    [ "$failures" -eq 0 ] || { echo "$failures checks failed" >&2 && exit 1; }
    echo "all well"
}
