# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Functions shared by the benchmarks' run scripts: pinned servers that never outlive the script, records for
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
server_pid='' server_port='' # of the most recently started server
fixed_port=''                # set by callers whose server doesn't announce its port
bench_reason='' # why the last bench_* function failed

bench_cleanup() {
    local pid
    for pid in "${bench_pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$bench_scratch"
}
trap bench_cleanup EXIT
trap 'exit 130' INT TERM

# bench_record KIND FIELD...: writes one line for bench_report
bench_record() {
    local IFS=$'\t'
    printf '%s\n' "$*" >>"$bench_records"
}

# bench_say TEXT: prints progress, separate from the table
bench_say() { printf '%s\n' "$*" >&2; }

# Prints the processors that this process may use, one per line.
bench_allowed_cpus() {
    local range
    for range in $(sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status | tr ',' ' '); do
        seq "${range%-*}" "${range#*-}"
    done
}

# The server has the first processor to itself, the client uses the second.
bench_choose_cpus() {
    local cpus
    mapfile -t cpus < <(bench_allowed_cpus)
    server_cpu=${cpus[0]}
    client_cpu=${cpus[1]:-${cpus[0]}}
}
bench_choose_cpus

# Records the machine and the flags as facts for the table's head.
bench_record_facts() {
    local model
    model=$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)
    bench_record fact "machine  ${model:-unknown processor}, $(nproc) processors, $(uname -sr)"
    bench_record fact "pinned   server to processor $server_cpu, client to processor $client_cpu"
    [ "$server_cpu" != "$client_cpu" ] || bench_record fact "beware   server and client share a processor"
    bench_record fact "C++      $(cat "$bench_programs/cxx_flags.txt")"
    if command -v go >/dev/null; then bench_record fact "Go       $(go version)"; fi
}

# bench_start COMMAND...: starts a server on server_cpu that announces its port, or has fixed_port; sets server_pid and
# server_port.
bench_start() {
    local log=$bench_scratch/server.out tries
    : >"$log"
    # pdeathsig: the server ends even if the script is killed
    setpriv --pdeathsig KILL taskset -c "$server_cpu" "$@" >"$log" 2>"$bench_scratch/server.err" &
    server_pid=$!
    bench_pids+=("$server_pid")
    for ((tries = 0; tries < 600; ++tries)); do
        if [ -z "$fixed_port" ]; then
            server_port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$log")
            [ -z "$server_port" ] || return 0
        elif (exec 3<>"/dev/tcp/127.0.0.1/$fixed_port") 2>/dev/null; then
            server_port=$fixed_port
            return 0
        fi
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.05
    done
    bench_reason="it didn't start: $(tail -n 1 "$bench_scratch/server.err")"
    bench_stop "$server_pid"
    return 1
}

# bench_stop PID: sends SIGTERM, and SIGKILL after 15 s; the output is in server.out.
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

# bench_load CASE_FILE PORT REQUESTS [ARGUMENT...]: sends that many requests, after those of --warmup
bench_load() {
    local case_file=$1 port=$2 requests=$3
    shift 3
    bench_client --case "$case_file" --port "$port" --requests "$requests" "$@"
}

# bench_client ARGUMENT...: writes the client's `name value` lines to client.out
bench_client() {
    # in the background, because `wait` lets a signal's trap run at once
    setpriv --pdeathsig KILL taskset -c "$client_cpu" "$bench_programs/http_client" "$@" \
        >"$bench_scratch/client.out" 2>"$bench_scratch/client.err" &
    wait $! && return 0
    bench_reason="the load failed: $(tail -n 1 "$bench_scratch/client.err" | tr '\t\r' '  ' | cut -c 1-200)"
    return 1
}

# bench_client_value NAME: prints a value from the client's output
bench_client_value() { awk -v name="$1" '$1 == name { print $2 }' "$bench_scratch/client.out"; }

# Counters, each called as COUNTER CASE_FILE REQUESTS COMMAND...; they set counted.

# User instructions over the server's whole life.
bench_count_instructions() {
    local log=$bench_scratch/valgrind.log case_file=$1 requests=$2
    shift 2
    bench_under_valgrind "$log" "$case_file" "$requests" \
        --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null -- "$@" || return 1
    counted=$(sed -n 's/.*I *refs: *//p' "$log" | tr -d ,)
    bench_counted "valgrind counted nothing"
}

# Calls of malloc and related functions.
bench_count_allocations() {
    local log=$bench_scratch/valgrind.log case_file=$1 requests=$2
    shift 2
    bench_under_valgrind "$log" "$case_file" "$requests" \
        --tool=memcheck --leak-check=no --undef-value-errors=no -- "$@" || return 1
    counted=$(sed -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' "$log" | tr -d ,)
    bench_counted "valgrind counted nothing"
}

# Heap objects of a server that prints `allocations N` when stopped.
bench_count_own_allocations() {
    local case_file=$1 requests=$2
    shift 2
    bench_serve_load "$case_file" "$requests" "$@" || return 1
    counted=$(sed -n 's/^allocations //p' "$bench_scratch/server.out")
    bench_counted "the server didn't say how much it allocated"
}

# The system calls of each metric, on any descriptor.
declare -A bench_calls_of=(
    [recv_calls]='read|readv|recvfrom|recvmsg|recvmmsg'
    [send_calls]='write|writev|sendto|sendmsg|sendmmsg|sendfile'
    [epoll_ctl_calls]='epoll_ctl'
    [timerfd_calls]='timerfd_.*'
    [futex_calls]='futex'
)

# bench_trace CASE_FILE REQUESTS COMMAND...: counts a server's system calls over its whole life with strace, for
# bench_traced
bench_trace() {
    local log=$bench_scratch/strace.log case_file=$1 requests=$2 tries
    shift 2
    command -v strace >/dev/null || { bench_reason="strace isn't installed" && return 1; }
    rm -f "$log"
    # -D: makes the server this script's child instead of strace, which writes its summary after the server has ended
    bench_serve_load "$case_file" "$requests" strace -D -f -c -U name,calls -o "$log" -- "$@" || return 1
    for ((tries = 0; tries < 100; ++tries)); do
        ! grep -q ' total$\|^total ' "$log" 2>/dev/null || return 0
        sleep 0.05
    done
    bench_reason="strace counted nothing"
    return 1
}

# bench_traced METRIC: prints the number of the metric's calls in the last bench_trace
bench_traced() {
    awk -v calls="^(${bench_calls_of[$1]})\$" '$1 ~ calls { sum += $2 } END { print sum + 0 }' "$bench_scratch/strace.log"
}

# bench_trace_twice CASE SERVER CASE_FILE FEW MANY METRICS COMMAND...: like bench_count_twice, for several system call
# metrics at once
bench_trace_twice() {
    local case_name=$1 server=$2 case_file=$3 few=$4 many=$5 metrics=$6 requests metric
    shift 6
    for requests in "$few" "$many"; do
        if ! bench_trace "$case_file" "$requests" "$@"; then
            for metric in $metrics; do bench_record missing "$case_name" "$metric" 1/request "$server" "$bench_reason"; done
            return
        fi
        for metric in $metrics; do
            bench_record count "$case_name" "$metric" 1/request "$server" "$requests" "$(bench_traced "$metric")"
        done
    done
}

bench_under_valgrind() {
    local log=$1 case_file=$2 requests=$3
    shift 3
    command -v valgrind >/dev/null || { bench_reason="valgrind isn't installed" && return 1; }
    bench_serve_load "$case_file" "$requests" valgrind "--log-file=$log" "$@"
}

# bench_serve_load CASE_FILE REQUESTS COMMAND...: starts a server, sends that many requests, stops it
bench_serve_load() {
    local case_file=$1 requests=$2 outcome=0
    shift 2
    bench_start "$@" || return 1
    bench_load "$case_file" "$server_port" "$requests" || outcome=1
    sleep 0.1 # wait until it has closed its connections, so that those calls cancel out
    bench_stop "$server_pid"
    return "$outcome"
}

bench_counted() {
    [ -z "$counted" ] || return 0
    bench_reason=$1
    return 1
}

# bench_count_twice COUNTER CASE METRIC UNIT SERVER CASE_FILE FEW MANY COMMAND...: records two runs of different length
# for bench_report to subtract, or the reason why there are none
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
