# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Functions shared by weir's scripts, mainly to install Debian packages; sourced by run, test and bench.

# Needed by a release build of the library and its examples.
weir_build_packages=(
    g++ cmake ninja-build ccache pkg-config ca-certificates
    libboost1.81-dev rapidjson-dev libfmt-dev
    libhiredis-dev libssl-dev zlib1g-dev libbrotli-dev libyaml-cpp-dev libsoci-dev libsqlite3-dev
    libpq-dev default-libmysqlclient-dev # the client libraries of PostgreSQL and MySQL
    librabbitmq-dev
    libcurl4-openssl-dev # the example sends mails
)

# Also needed by the tests.
weir_test_packages=(
    clang clang-format libclang-rt-14-dev llvm
    doctest-dev
    prometheus # promtool checks the exposition of metrics
    chromium chromium-driver curl jq # for the tests of the web page
    # the tests start their own servers
    postgresql-15 pgbouncer mariadb-server redis-server redis-sentinel rabbitmq-server mosquitto
    python3-aiosmtpd # an SMTP server
)

# Also needed by scripts/test --tidy.
weir_tidy_packages=(clang-tidy)

# What scripts/test --docs needs.
weir_docs_packages=(doxygen)

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

# Fails with a message if the named packages can't be installed or would remove another one.
weir_check_conflicts() {
    local plan removed named
    if ! plan=$(LC_ALL=C apt-get install -s --no-install-recommends "$@" 2>&1); then
        named=$(sed -nE 's/^ *(.+ : (Conflicts|Breaks|Depends): .+)$/\1/p' <<<"$plan" | head -n 3)
        [ -n "$named" ] || named=$(sed -n 's/^E: //p' <<<"$plan" | head -n 3)
        weir_fail "the packages conflict with installed ones: ${named//$'\n'/; }"
    fi
    removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$plan" | paste -sd ' ')
    if [ -n "$removed" ]; then
        weir_fail "installing these would remove: $removed. Nothing was changed." \
            "These packages conflict (libboost-dev is Boost 1.74, weir needs libboost1.81-dev):" \
            "remove them yourself, or build in a container."
    fi
}

weir_policy=/usr/sbin/policy-rc.d # while this script exits with 101, packages don't start daemons

weir_installed_packages() { dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort; }

# Keeps the named packages' services from starting at boot; an administrator can re-enable them.
weir_disable_services() {
    local unit units enabled=()
    [ $# -gt 0 ] && command -v systemctl >/dev/null && systemctl list-units >/dev/null 2>&1 || return 0
    units=$(dpkg-query -L "$@" | sed -nE 's,^(/usr)?/lib/systemd/system/([^/@]+\.(service|socket))$,\2,p' | sort -u)
    for unit in $units; do
        [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != enabled ] || enabled+=("$unit")
    done
    [ "${#enabled[@]}" -gt 0 ] || return 0
    printf 'Disabled at boot: %s (systemctl enable --now starts one)\n' "${enabled[*]}"
    weir_as_root systemctl disable --quiet "${enabled[@]}"
}

weir_lock_seconds=300 # how long to wait for another program to release apt's locks

# weir_apt_get ARGUMENT...: runs apt-get as root without questions. Reports when it waits for another program's lock.
# Apt's own waiting (DPkg::Lock::Timeout) is silent and only covers dpkg's locks; for the locks of package lists and
# downloads apt gives up at once, so it is called again.
weir_apt_get() {
    local errors status held patience=0 deadline=$((SECONDS + weir_lock_seconds))
    while true; do
        status=0
        # LANGUAGE makes apt print English without changing the locale, which PostgreSQL's package adopts.
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

# Installs those of the named packages that are missing and names them. Asks no questions, removes no package, and keeps
# packages from starting daemons on their default ports, now and at boot.
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

# Prints the number of parallel compilers: a compiler takes up to 1 GB, so memory may limit it.
weir_jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1200000)}' /proc/meminfo)
    [ "$memory" -ge 1 ] || memory=1
    echo "${WEIR_JOBS:-$((cores < memory ? cores : memory))}"
}
