# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# What weir's scripts share, above all their Debian packages; sourced by run, test and bench.

# What a release build of the library and its examples needs.
weir_build_packages=(
    g++ cmake ninja-build ccache pkg-config ca-certificates
    libboost1.81-dev rapidjson-dev libfmt-dev
    libssl-dev zlib1g-dev libbrotli-dev libyaml-cpp-dev libsoci-dev libsqlite3-dev
    libpq-dev default-libmysqlclient-dev # the drivers of PostgreSQL and MySQL
)

# What the tests need on top of that.
weir_test_packages=(
    clang clang-format libclang-rt-14-dev llvm
    doctest-dev libhiredis-dev
    prometheus # promtool checks the exposition of metrics
    chromium chromium-driver curl jq # the page is clicked through
    postgresql-15 pgbouncer mariadb-server # the tests start servers of their own; none is started here
)

# What scripts/test --tidy needs on top of both.
weir_tidy_packages=(clang-tidy)

weir_fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

weir_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        weir_fail "installing packages needs root: run this as root, or install sudo"
    fi
}

# Prints those of the named packages that aren't installed.
weir_missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
    done
}

# Stops with a sentence when installing the named packages would remove one, or can't be done.
weir_check_conflicts() {
    local plan removed named
    if ! plan=$(LC_ALL=C apt-get install -s --no-install-recommends "$@" 2>&1); then
        named=$(sed -nE 's/^ *(.+ : (Conflicts|Breaks|Depends): .+)$/\1/p' <<<"$plan" | head -n 3)
        [ -n "$named" ] || named=$(sed -n 's/^E: //p' <<<"$plan" | head -n 3)
        weir_fail "the packages can't be installed beside what is here: ${named//$'\n'/; }"
    fi
    removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$plan" | paste -sd ' ')
    if [ -n "$removed" ]; then
        weir_fail "installing these would remove: $removed. Nothing was changed." \
            "These packages conflict (libboost-dev is Boost 1.74, weir needs libboost1.81-dev):" \
            "remove them yourself, or build in a container."
    fi
}

weir_policy=/usr/sbin/policy-rc.d # while it says 101, no package's script starts a daemon

weir_installed_packages() { dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort; }

# Keeps the services of the named packages from starting with the machine; an administrator can enable them again.
weir_disable_services() {
    local unit units enabled=()
    [ $# -gt 0 ] && command -v systemctl >/dev/null && systemctl list-units >/dev/null 2>&1 || return 0
    units=$(dpkg-query -L "$@" | sed -nE 's,^(/usr)?/lib/systemd/system/([^/@]+\.(service|socket))$,\2,p' | sort -u)
    for unit in $units; do
        [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != enabled ] || enabled+=("$unit")
    done
    [ "${#enabled[@]}" -gt 0 ] || return 0
    printf 'Disabled, or they would start with the machine: %s (systemctl enable --now starts one)\n' "${enabled[*]}"
    weir_as_root systemctl disable --quiet "${enabled[@]}"
}

weir_lock_seconds=300 # how long to wait for the program that holds one of apt's locks

# weir_apt_get ARGUMENT...: apt-get as root, which asks nothing. Says what it waits for while another program holds a
# lock. Apt's own waiting (DPkg::Lock::Timeout) says nothing and is for dpkg's locks alone; at those of the package
# lists and of the downloads apt gives up at once, so it is called again.
weir_apt_get() {
    local errors status held patience=0 deadline=$((SECONDS + weir_lock_seconds))
    while true; do
        status=0
        # LANGUAGE makes apt speak English without changing the locale, which PostgreSQL's package takes over.
        errors=$(weir_as_root env DEBIAN_FRONTEND=noninteractive LANGUAGE=C apt-get -qq \
            -o "DPkg::Lock::Timeout=$patience" "$@" </dev/null 2>&1 >/dev/null) || status=$?
        held=$(sed -n '/^E: Could not get lock /{s/^E: //p;q}' <<<"$errors")
        if [ "$status" -eq 0 ] || [ -z "$held" ] || [ "$SECONDS" -ge "$deadline" ]; then break; fi
        [ "$patience" -gt 0 ] || printf 'Waiting for apt, %s s at most: %s\n' "$weir_lock_seconds" "$held"
        sleep 1
        patience=$((deadline > SECONDS ? deadline - SECONDS : 1))
    done
    [ -z "$errors" ] || printf '%s\n' "$errors" >&2
    return "$status"
}

# Installs the named packages where they are missing; says which, asks nothing, removes nothing, and
# keeps packages from starting daemons on their default ports, now and with the machine.
weir_install_packages() {
    local missing before added policy=$weir_policy
    mapfile -t missing < <(weir_missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        weir_fail "this machine has no apt-get; install what corresponds to: ${missing[*]}"
    printf 'Installing: %s\n' "${missing[*]}"
    weir_apt_get update || return
    weir_check_conflicts "${missing[@]}"
    before=$(weir_installed_packages)
    (
        if [ ! -e "$policy" ]; then
            trap 'weir_as_root rm -f "$policy"' EXIT
            trap 'exit 130' INT TERM
            printf '#!/bin/sh\nexit 101\n' | weir_as_root tee "$policy" >/dev/null
            weir_as_root chmod 755 "$policy"
        fi
        weir_apt_get install -y --no-remove --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
    ) || return
    mapfile -t added < <(comm -13 <(printf '%s\n' "$before") <(weir_installed_packages))
    weir_disable_services "${added[@]}"
}

# How many compilers to run at once: one takes up to 1 GB, so no more than memory bears.
weir_jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1200000)}' /proc/meminfo)
    [ "$memory" -ge 1 ] || memory=1
    echo "${WEIR_JOBS:-$((cores < memory ? cores : memory))}"
}
