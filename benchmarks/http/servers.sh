# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The servers of the http benchmark: how to start each, and which cases it doesn't support. Sourced by run.

servers=(weir raw_epoll stock_beast go_net_http gin fasthttp nginx)
go_servers=(go_net_http gin fasthttp)
peers=$here/peers

# unfit SERVER CASE: prints why the server doesn't support the case, or nothing
unfit() {
    case $1:$2 in
    weir:* | raw_epoll:hdr10_coro | raw_epoll:observed) ;;
    *:hdr10_coro) echo "it has one kind of handler, which hdr10 measures" ;;
    *:observed) echo "it has no access log and metrics of this kind" ;;
    *:loops2) echo "the case compares weir's two loops with its one" ;;
    nginx:json | nginx:echo) echo "it has no handlers that bind and render JSON" ;;
    esac
}

# server_command NAME CASE: sets command and fixed_port, or fails with bench_reason
server_command() {
    local name=$1 case_name=$2
    command=("$bench_programs/$name") fixed_port=''
    bench_reason=$(unfit "$name" "$case_name")
    is_wanted_in "$name" "$case_name" || bench_reason=${bench_reason:-$left_out}
    [ -z "$bench_reason" ] || return 1
    case $name in
    weir) command=("$bench_programs/weir_server") ;;
    raw_epoll) command+=(--case "$here/cases/$case_name.case") ;;
    nginx) nginx_command || return 1 ;;
    esac
    [ -x "${command[0]}" ] && return
    bench_reason="$name isn't built"
    if [ -r "$bench_scratch/$name.err" ]; then
        bench_reason="it can't be built: $(grep -v '^#' "$bench_scratch/$name.err" | head -n 1)"
    fi
    return 1
}

nginx_command() {
    local program
    program=$(PATH=$PATH:/usr/sbin command -v nginx) || { bench_reason="nginx isn't installed" && return 1; }
    fixed_port=$("$bench_programs/free_port")
    sed "s#@port@#$fixed_port#; s#@scratch@#$bench_scratch#" "$peers/nginx.conf.in" >"$bench_scratch/nginx.conf"
    command=("$program" -p "$bench_scratch" -c "$bench_scratch/nginx.conf" -e stderr)
}

# Uses only Go's and Debian's packages, without a network; if a peer can't be built, its rows give the reason.
build_go_servers() {
    local name
    for name in "${go_servers[@]}"; do
        is_wanted "$name" || continue
        rm -f "$bench_programs/$name"
        command -v go >/dev/null || { echo "Go isn't installed" >"$bench_scratch/$name.err" && continue; }
        bench_say "building $name"
        GO111MODULE=off GOPATH=$peers/go:/usr/share/gocode GOCACHE=$BENCH_BUILD/go-cache \
            go build -o "$bench_programs/$name" "$name" 2>"$bench_scratch/$name.err" || true
    done
}
