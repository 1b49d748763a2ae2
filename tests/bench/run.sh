#!/usr/bin/env bash
# Times Backhaul (fetch, SHA-256, fsync, publication, manifest, catalog) beside programs that do
# less, over loopback, in turn within one run, and prints medians with ratios.
#
# usage: tests/bench/run.sh [ROW…]       rows: one https four small slow wan memory known scale
#   ROUNDS=3      how often each program runs
#   MIB=2048      length of a large file
#   SMALL=20000   how many small files
#   KNOWN=100000  how many backups are known already
#   SCALE=1000    how many instances of a thousand backups each are catalogued
#   WORK=DIR      where the files lie (default: a temporary directory)
#
# Needs nginx, curl, openssl, GNU time; aria2c and rclone where they are installed; root, ip and
# tc for `wan`. Everything is built first, for release.
set -euo pipefail

rows=("$@")
((${#rows[@]})) || rows=(one https four small slow wan memory known scale)
rounds=${ROUNDS:-3} mib=${MIB:-2048} small=${SMALL:-20000}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
(cd "$root" && cargo build --quiet --release -p backhaul -p backhaul-fault-provider)
backhaul=$target/release/backhaul

work=${WORK:-$(mktemp -d)}
mkdir -p "$work/www/small" "$work/providers"
chmod 755 "$work" "$work/www"
space=backhaul-bench

# As in the systemd unit.
export MALLOC_ARENA_MAX=2

finish() {
    [[ -f $work/nginx.pid ]] && kill "$(cat "$work/nginx.pid")" 2>/dev/null || true
    ip netns pids "$space" 2>/dev/null | xargs -r kill 2>/dev/null || true
    ip netns del "$space" 2>/dev/null || true
    [[ -n ${WORK:-} ]] || rm -rf "$work"
}
trap finish EXIT

has() { command -v "$1" >/dev/null 2>&1; }

# --- what is served

install -m 644 "$target/release/libbackhaul_provider_fault.so" "$work/providers/"
[[ -f $work/www/big0.bin ]] || head -c "$((mib << 20))" /dev/urandom >"$work/www/big0.bin"
for n in $(seq 1 15); do ln -f "$work/www/big0.bin" "$work/www/big$n.bin"; done
make_small() {
    [[ -f $work/www/small/$((small - 1)).bin ]] && return
    head -c $((small * 65536)) /dev/urandom |
        split --bytes=65536 --numeric-suffixes --suffix-length=6 --additional-suffix=.bin - "$work/www/small/x"
    local file number
    for file in "$work"/www/small/x*.bin; do
        number=${file##*/x}
        mv "$file" "$work/www/small/$((10#${number%.bin})).bin"
    done
}
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1,IP:10.77.0.1 \
    -addext basicConstraints=critical,CA:FALSE -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
serve() { # configuration file, further directives
    cat >"$work/$1" <<CONF
pid $work/${1%.conf}.pid; error_log $work/error.log; worker_processes 2; worker_rlimit_nofile 65536;
events { worker_connections 8192; }
http {
    access_log off; sendfile on; keepalive_requests 1000000; autoindex on; root $work/www;
    $2
}
CONF
    ${3:-} nginx -c "$work/$1"
}
serve nginx.conf "
    server { listen 7488; }
    server { listen 7489 ssl; ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem; }
    server { listen 7490; location / { limit_rate 50m; } }"

# --- measuring

results=$work/results
: >"$results"
measure() { # row, program, command...
    local row=$1 program=$2
    shift 2
    sync
    if ! /usr/bin/time -o "$work/time" -f '%e %U %S %M' "$@" >"$work/out.log" 2>&1; then
        tail -n 5 "$work/out.log" >&2
        echo "$row: $program failed" >&2
        return
    fi
    echo "$row|$program|$(tail -n 1 "$work/time")" >>"$results"
    put_away "$work/out"
    mkdir "$work/out"
}
# Deleting is left for the end of a row: ext4 makes files slowly where many were just deleted.
put_away() {
    mkdir -p "$work/old"
    [[ ! -e $1 ]] || mv "$1" "$work/old/$((++moved))"
    [[ $keep_old ]] || rm -rf "$work/old"
}
moved=0 keep_old=
mkdir -p "$work/out"

config() { # files in flight, connections per file, options of the job, more of the job
    put_away "$work/state"
    put_away "$work/mirror"
    cat >"$work/backhaul.toml" <<TOML
[daemon]
state_dir = "state"
provider_path = ["providers"]
control_socket = "control.sock"
max_downloads = $1
connections_per_file = $2
ca_file = "cert.pem"
[account.bench]
provider = "fault"
link_hosts = ["127.0.0.1", "10.77.0.1"]
allow_http = true
[[job]]
name = "bench"
account = "bench"
service = "faults"
directory = "mirror"
${4:-}
[job.options]
page_size = 1000
$3
TOML
}
within=()
sync_with_backhaul() { # row, program
    measure "$1" "$2" "${within[@]}" "$backhaul" sync --config "$work/backhaul.toml"
}

large() { # row, base URL, number of files, connections to compare
    local row=$1 base=$2 count=$3 connections=$4 last=$(($3 - 1)) urls=() n
    for n in $(seq 0 "$last"); do urls+=("$base/big$n.bin"); done
    local outs="${urls[*]/#/-O }"
    for _ in $(seq "$rounds"); do
        for one in $connections; do
            config 16 "$one" "series = { count = $count, url = \"$base/big{n}.bin\", bytes = $((mib << 20)) }"
            sync_with_backhaul "$row" "backhaul, $one connections"
        done
        measure "$row" "curl, sha256, sync" "${within[@]}" sh -c "cd $work/out && curl -s --parallel --cacert $work/cert.pem $outs \
            && openssl dgst -sha256 *.bin && sync *.bin"
        if has aria2c; then
            measure "$row" "aria2c -x4, sync" "${within[@]}" sh -c "printf '%s\n' ${urls[*]} | aria2c -q -x4 -s4 -j$count -i - \
                --file-allocation=falloc --ca-certificate=$work/cert.pem -d $work/out && sync $work/out/*.bin"
        fi
        if has rclone; then
            measure "$row" "rclone, 4 streams, sync" "${within[@]}" sh -c "rclone copy -q --multi-thread-streams 4 --multi-thread-cutoff 32M \
                --transfers $count --no-traverse --ca-cert $work/cert.pem --http-url $base/ $(seq -f '--include /big%g.bin' -s ' ' 0 "$last") \
                :http: $work/out && sync $work/out/*.bin"
        fi
    done
}

row_one() { large one http://127.0.0.1:7488 1 "1 4"; }
row_https() { large https https://127.0.0.1:7489 1 "1 4"; }
row_four() { large four http://127.0.0.1:7488 4 "1 4"; }
row_slow() { mib=$((mib / 4)) && truncate -s "${mib}M" "$work/www/big0.bin" && large slow http://127.0.0.1:7490 1 "1 4 8"; }

row_small() {
    make_small
    keep_old=1
    for _ in $(seq "$rounds"); do
        config 8 1 "series = { count = $small, url = \"http://127.0.0.1:7488/small/{n}.bin\", bytes = 65536 }"
        sync_with_backhaul small "backhaul, durable"
        if has rclone; then
            measure small "rclone, 8 transfers" rclone copy -q --transfers 8 --http-url http://127.0.0.1:7488/small/ :http: "$work/out"
            measure small "rclone, then sha256sum and sync" sh -c "rclone copy -q --transfers 8 --http-url http://127.0.0.1:7488/small/ :http: $work/out \
                && cd $work/out && find . -type f -print0 | xargs -0 sha256sum >$work/out.sums && sync -f ."
        fi
    done
    keep_old=
    put_away "$work/out"
    mkdir "$work/out"
}

# A network of its own with 25 ms each way and 1 % loss.
row_wan() {
    if [[ $(id -u) != 0 ]] || ! has tc; then
        echo "wan: skipped, needs root, ip and tc" >&2
        return
    fi
    ip netns add "$space"
    ip link add bench0 type veth peer name bench1 netns "$space"
    ip addr add 10.77.0.1/24 dev bench0 && ip link set bench0 up
    ip -n "$space" addr add 10.77.0.2/24 dev bench1 && ip -n "$space" link set bench1 up
    ip -n "$space" link set lo up
    if ! tc qdisc add dev bench0 root netem delay 25ms loss 1% limit 100000 2>/dev/null ||
        ! ip netns exec "$space" tc qdisc add dev bench1 root netem delay 25ms limit 100000; then
        echo "wan: skipped, this kernel has no netem" >&2
        ip link del bench0
        return
    fi
    within=(ip netns exec "$space")
    local whole=$mib
    mib=128 && truncate -s 128M "$work/www/big0.bin"
    large wan http://10.77.0.1:7488 1 "1 4 16"
    mib=$whole within=()
    ip link del bench0
}

# Peak memory with 16 files in flight at full speed.
row_memory() {
    config 16 4 "series = { count = 16, url = \"http://127.0.0.1:7488/big{n}.bin\", bytes = $(stat -c %s "$work/www/big0.bin") }"
    sync_with_backhaul memory "backhaul, 16 in flight"
}

# A pass that finds nothing new among 100,000 backups. They are mirrored as empty small files.
row_known() {
    local count=${KNOWN:-100000}
    head -c 16 /dev/urandom >"$work/www/tiny.bin"
    config 16 1 "series = { count = $count, url = \"http://127.0.0.1:7488/tiny.bin\", bytes = 16 }"
    sync_with_backhaul known "backhaul, first pass over $count"
    for _ in $(seq "$rounds"); do sync_with_backhaul known "backhaul, nothing new of $count"; done
}

# What costs time by the number of catalogued backups: start to ready, a pass that finds nothing
# new, planning, listing.
row_scale() {
    local count=${SCALE:-1000} instances
    instances=$(seq -s ', ' -f '{ id = "i-%g", name = "orders" }' 0 $((count - 1)))
    config 4 1 "instances = [$instances]
series = { count = 1000, url = \"http://127.0.0.1:7488/tiny.bin\", bytes = 16 }" \
        'retention = { keep_last = 1000, monthly = 12 }'
    (cd "$root" && cargo bench --quiet -p backhaul --bench scale -- "$work" "$count" 1000) >&2
    for _ in $(seq "$rounds"); do
        measure scale "backhaul, start to ready" "$root/tests/bench/ready.sh" "$backhaul" "$work"
        measure scale "backhaul, nothing new of $((count * 1000))" "$backhaul" sync --config "$work/backhaul.toml"
        measure scale "backhaul, list" sh -c "$backhaul list --config $work/backhaul.toml >/dev/null"
    done
    measure scale "backhaul, plan" "$backhaul" plan --config "$work/backhaul.toml"
}

for row in "${rows[@]}"; do
    echo "== $row" >&2
    "row_$row"
done

# --- medians, and ratios to the fastest program of the row that is not Backhaul

sort -t'|' -k1,1 -s "$results" | awk -F'|' '
    { split($3, v, " "); key = $1 "|" $2
      if (!(key in n)) order[++keys] = key
      n[key]++; wall[key, n[key]] = v[1]; cpu[key, n[key]] = v[2] + v[3]; if (v[4] > peak[key]) peak[key] = v[4] }
    function median(of, key,   i, j, t, a) {
        for (i = 1; i <= n[key]; i++) a[i] = of[key, i]
        for (i = 2; i <= n[key]; i++) for (j = i; j > 1 && a[j-1] > a[j]; j--) { t = a[j]; a[j] = a[j-1]; a[j-1] = t }
        return a[int((n[key] + 1) / 2)] }
    END {
        for (i = 1; i <= keys; i++) {
            split(order[i], p, "|"); w = median(wall, order[i])
            if (p[2] !~ /^backhaul/ && (!(p[1] in best) || w < best[p[1]])) best[p[1]] = w
        }
        printf "%-8s %-34s %9s %9s %9s %s\n", "row", "program", "wall s", "CPU s", "peak MiB", "wall / fastest peer"
        for (i = 1; i <= keys; i++) {
            split(order[i], p, "|"); w = median(wall, order[i])
            ratio = (p[1] in best && best[p[1]] > 0) ? sprintf("%.2f", w / best[p[1]]) : "-"
            printf "%-8s %-34s %9.2f %9.2f %9.1f %s\n", p[1], p[2], w, median(cpu, order[i]), peak[order[i]] / 1024, ratio
        }
    }'
