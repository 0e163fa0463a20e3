# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the benchmarks' run scripts share: pinned servers that never outlive the script, records for
# bench_report, and counting by subtracting two runs. Sourced; expects BENCH_BUILD, the build directory.

bench_fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

: "${BENCH_BUILD:?start this through scripts/bench}"
bench_programs=$BENCH_BUILD/benchmarks
bench_scratch=$(mktemp -d)
bench_records=$bench_scratch/records
bench_pids=()
server_pid='' server_port='' # of the server started last
bench_reason='' # why the last bench_* function failed

bench_cleanup() {
    local pid
    for pid in "${bench_pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$bench_scratch"
}
trap bench_cleanup EXIT
trap 'exit 130' INT TERM

# bench_record KIND FIELD...: one line for bench_report
bench_record() {
    local IFS=$'\t'
    printf '%s\n' "$*" >>"$bench_records"
}

# bench_say TEXT: progress, kept apart from the table
bench_say() { printf '%s\n' "$*" >&2; }

# The processors this process may use, one a line.
bench_allowed_cpus() {
    local range
    for range in $(sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status | tr ',' ' '); do
        seq "${range%-*}" "${range#*-}"
    done
}

# The server has the first processor to itself, the client the second.
bench_choose_cpus() {
    local cpus
    mapfile -t cpus < <(bench_allowed_cpus)
    server_cpu=${cpus[0]}
    client_cpu=${cpus[1]:-${cpus[0]}}
}
bench_choose_cpus

# The machine and the flags, as facts above the table.
bench_record_facts() {
    local model
    model=$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)
    bench_record fact "machine  ${model:-unknown processor}, $(nproc) processors, $(uname -sr)"
    bench_record fact "pinned   server to processor $server_cpu, client to processor $client_cpu"
    [ "$server_cpu" != "$client_cpu" ] || bench_record fact "beware   server and client share a processor"
    bench_record fact "C++      $(cat "$bench_programs/cxx_flags.txt")"
    if command -v go >/dev/null; then bench_record fact "Go       $(go version)"; fi
}

# bench_start COMMAND...: starts a server that announces its port; sets server_pid and server_port.
bench_start() {
    local log=$bench_scratch/server.out tries
    : >"$log"
    # pdeathsig: not even a killed script leaves a server behind
    setpriv --pdeathsig KILL taskset -c "$server_cpu" "$@" >"$log" 2>"$bench_scratch/server.err" &
    server_pid=$!
    bench_pids+=("$server_pid")
    for ((tries = 0; tries < 600; ++tries)); do
        server_port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$log")
        [ -z "$server_port" ] || return 0
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.05
    done
    bench_reason="it didn't start: $(tail -n 1 "$bench_scratch/server.err")"
    bench_stop "$server_pid"
    return 1
}

# bench_stop PID: SIGTERM, and SIGKILL after 15 s; what it printed is in server.out.
bench_stop() {
    local pid=$1 tries kept=() each
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 300; ++tries)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    for each in "${bench_pids[@]}"; do [ "$each" = "$pid" ] || kept+=("$each"); done
    bench_pids=("${kept[@]}")
}

# bench_load CASE_FILE PORT REQUESTS [ARGUMENT...]: the client's `name value` lines go to client.out
bench_load() {
    local case_file=$1 port=$2 requests=$3
    shift 3
    # in the background, since `wait` lets a signal's trap run at once
    setpriv --pdeathsig KILL taskset -c "$client_cpu" "$bench_programs/http_client" --case "$case_file" \
        --port "$port" --requests "$requests" "$@" >"$bench_scratch/client.out" 2>"$bench_scratch/client.err" &
    wait $! && return 0
    bench_reason="the load failed: $(tail -n 1 "$bench_scratch/client.err" | tr '\t\r' '  ' | cut -c 1-200)"
    return 1
}

# bench_client_value NAME: a value that the client printed
bench_client_value() { awk -v name="$1" '$1 == name { print $2 }' "$bench_scratch/client.out"; }

# The ways of counting, each: COUNTER CASE_FILE REQUESTS COMMAND...; sets counted.

# User instructions, of the whole life of the server.
bench_count_instructions() {
    local log=$bench_scratch/valgrind.log case_file=$1 requests=$2
    shift 2
    bench_under_valgrind "$log" "$case_file" "$requests" \
        --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null -- "$@" || return 1
    counted=$(sed -n 's/.*I *refs: *//p' "$log" | tr -d ,)
    bench_counted "valgrind counted nothing"
}

# Calls of malloc and its kin.
bench_count_allocations() {
    local log=$bench_scratch/valgrind.log case_file=$1 requests=$2
    shift 2
    bench_under_valgrind "$log" "$case_file" "$requests" \
        --tool=memcheck --leak-check=no --undef-value-errors=no -- "$@" || return 1
    counted=$(sed -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' "$log" | tr -d ,)
    bench_counted "valgrind counted nothing"
}

# Heap objects of a server that prints `allocations N` when it is stopped.
bench_count_own_allocations() {
    local case_file=$1 requests=$2
    shift 2
    bench_serve_load "$case_file" "$requests" "$@" || return 1
    counted=$(sed -n 's/^allocations //p' "$bench_scratch/server.out")
    bench_counted "the server didn't say how much it allocated"
}

# System calls that receive, and those that send, on whatever descriptor.
bench_count_recv_calls() { bench_count_calls 'read|readv|recvfrom|recvmsg|recvmmsg' "$@"; }
bench_count_send_calls() { bench_count_calls 'write|writev|sendto|sendmsg|sendmmsg|sendfile' "$@"; }

bench_count_calls() {
    local calls=$1 log=$bench_scratch/strace.log case_file=$2 requests=$3 tries
    shift 3
    command -v strace >/dev/null || { bench_reason="strace isn't installed" && return 1; }
    rm -f "$log"
    # -D: the server, not strace, is this script's child; strace writes its summary once the server has ended
    bench_serve_load "$case_file" "$requests" strace -D -f -c -U name,calls -o "$log" -- "$@" || return 1
    for ((tries = 0; tries < 100; ++tries)); do
        ! grep -q ' total$\|^total ' "$log" 2>/dev/null || break
        sleep 0.05
    done
    counted=$(awk -v calls="^($calls)\$" '$1 ~ calls { sum += $2 } END { if (NR > 2) print sum + 0 }' "$log")
    bench_counted "strace counted nothing"
}

bench_under_valgrind() {
    local log=$1 case_file=$2 requests=$3
    shift 3
    command -v valgrind >/dev/null || { bench_reason="valgrind isn't installed" && return 1; }
    bench_serve_load "$case_file" "$requests" valgrind "--log-file=$log" "$@"
}

# bench_serve_load CASE_FILE REQUESTS COMMAND...: a server's whole life, with that many requests in it
bench_serve_load() {
    local case_file=$1 requests=$2 outcome=0
    shift 2
    bench_start "$@" || return 1
    bench_load "$case_file" "$server_port" "$requests" || outcome=1
    bench_stop "$server_pid"
    return "$outcome"
}

bench_counted() {
    [ -z "$counted" ] || return 0
    bench_reason=$1
    return 1
}

# bench_count_twice COUNTER CASE METRIC UNIT SERVER CASE_FILE FEW MANY COMMAND...: two runs of different
# length for bench_report to subtract, or the reason why there are none
bench_count_twice() {
    local counter=$1 case_name=$2 metric=$3 unit=$4 server=$5 case_file=$6 few=$7 many=$8 requests
    shift 8
    for requests in "$few" "$many"; do
        if ! "bench_count_$counter" "$case_file" "$requests" "$@"; then
            bench_record missing "$case_name" "$metric" "$unit" "$server" "$bench_reason"
            return
        fi
        bench_record count "$case_name" "$metric" "$unit" "$server" "$requests" "$counted"
    done
}
