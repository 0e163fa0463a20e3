#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh ROOT MINIAPP SANDBOX: tests scripts/run in a separate tree with everything built and installed already.
set -euo pipefail
root=$1 miniapp=$2 sandbox=$3
# shellcheck source=tests/scripts/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

work=$(mktemp -d)
script="" # the running script

stop() {
    [ -n "$script" ] || return 0
    kill -TERM "$script" 2>/dev/null || true
    local status=0
    wait "$script" || status=$?
    script=""
    return "$status"
}
trap 'stop || true; rm -rf "$work"' EXIT

tree=$work/tree
mkdir -p "$tree/build/release/examples/miniapp" "$work/bin" "$work/elsewhere"
cp -r "$root/scripts" "$tree/"
ln -s "$root/examples" "$tree/examples"
ln -s "$miniapp" "$tree/build/release/examples/miniapp/miniapp"
ln -s "$sandbox" "$tree/build/release/examples/miniapp/wechat_sandbox"
touch "$tree/build/release/build.ninja"
printf '#!/bin/sh\nexit 0\n' >"$work/bin/cmake"
printf '#!/bin/sh\nprintf installed\n' >"$work/bin/dpkg-query"
printf '#!/bin/sh\necho "apt-get was called" >&2\nexit 1\n' >"$work/bin/apt-get"
chmod +x "$work/bin/"*
PATH=$work/bin:$PATH
unset "${!MINIAPP_@}"

# Prints a port that is currently free.
free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
}

# start ARGUMENT...: starts it and waits until it is ready. Its output is in $said.
start() {
    local deadline=$((SECONDS + 60))
    rm -f "$work/out"
    (cd "$work/elsewhere" && exec "$tree/scripts/run" "$@") >"$work/out" 2>"$work/err" &
    script=$!
    until grep -qs '^Ctrl-C stops both' "$work/out"; do
        if ! kill -0 "$script" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            cat "$work/out" "$work/err" >&2
            fail "scripts/run $* did not get ready"
            finish
        fi
        sleep 0.1
    done
    said=$(<"$work/out")
}

# page PORT PATH: prints the backend's response.
page() {
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
    cat <&3
    exec 3>&-
}

echo "== By default the data is in the clone and the page is the example's"
port=$(free_port)
start --port "$port"
check "it says where to look" holds "$said" "http://127.0.0.1:$port/ "
check "it says where the data is" holds "$said" "Its data is in $tree/data;"
shown=$(sed -n '/^The mini-program backend is ready/,/^Ctrl-C/p' "$root/README.md" |
    sed -E "s,127\.0\.0\.1:8080,127.0.0.1:$port,; s,/home/me/weir,$tree,; s,sandbox on .*,sandbox,")
check "it says what README.md shows" equal "$(sed -E '/^The mini/,$!d; s,sandbox on .*,sandbox,' <<<"$said")" "$shown"
check "the data is there" test -e "$tree/data/miniapp.db"
check "the page is served" holds "$(page "$port" /)" "Tea by the weir"
check "the shop is served" holds "$(page "$port" '/api/v1/products?q=whisk')" '"total":1'
check "it ends well" stop
check "nothing listens any more" equal "$( (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && echo open)" ""

echo "== With --config the file's port, data and web count"
port=$(free_port)
mkdir -p "$work/web"
for file in index.html app.js style.css; do echo "my own $file" >"$work/web/$file"; done
cat >"$work/own.yaml" <<YAML
address: 127.0.0.1
port: $port
data: $work/own-data
web: $work/web
YAML
sed '/^address:/d' "$root/examples/miniapp/miniapp-dev.yaml" >"$work/own-dev.yaml"
start --config "$work/own.yaml"
check "it says where to look" holds "$said" "http://127.0.0.1:$port/ "
check "it says where the data is" holds "$said" "Its data is in $work/own-data;"
check "the data is there" test -e "$work/own-data/miniapp.db"
check "the page is the file's" holds "$(page "$port" /)" "my own index.html"
check "it ends well" stop

echo "== What is given counts more than the file"
other=$(free_port)
start --config "$work/own.yaml" --port "$other" --data "$work/other-data"
check "it says where to look" holds "$said" "http://127.0.0.1:$other/ "
check "the data is there" test -e "$work/other-data/miniapp.db"
check "it ends well" stop

echo "== A variable counts more than the example's file"
port=$(free_port)
MINIAPP_PORT=$port MINIAPP_DATA=$work/variable-data start
check "it says where to look" holds "$said" "http://127.0.0.1:$port/ "
check "the data is there" test -e "$work/variable-data/miniapp.db"
check "it ends well" stop

# stopped_at LINE: whether a signal sent when that line appears, or shortly after, ends it within 20 s
stopped_at() {
    local tries
    rm -f "$work/out"
    (cd "$work/elsewhere" && exec "$tree/scripts/run" --port "$(free_port)") >"$work/out" 2>"$work/err" &
    script=$!
    until grep -qs "$1" "$work/out"; do kill -0 "$script" 2>/dev/null || return 1; done
    kill -TERM "$script"
    for ((tries = 0; tries < 200; ++tries)); do
        kill -0 "$script" 2>/dev/null || { wait "$script" || true && script="" && return 0; }
        sleep 0.1
    done
    kill -KILL "$script"
    script=""
    return 1
}

echo "== A signal ends it whenever it comes"
for _ in 1 2 3 4 5; do check "as soon as it is ready" stopped_at '^Ctrl-C stops both'; done
check "while it starts" stopped_at '^Building'

# refused ARGUMENT...: prints the error of a failed start.
refused() { "$tree/scripts/run" "$@" 2>&1 && echo "it started"; }

echo "== Mistakes stop it with a sentence"
check "a port out of range" equal "$(refused --port 70000)" "run: --port 70000: accepted 1..65535"
check "no value" equal "$(refused --port)" "run: --port needs a value"
check "no such file" holds "$(refused --config "$work/nowhere.yaml")" "nowhere.yaml: cannot be read"
echo "port: 0" >>"$work/own-dev.yaml"
check "a port that nobody knows" holds "$(refused --config "$work/own.yaml")" "run: port 0: accepted 1..65535"

finish
