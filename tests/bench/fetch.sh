#!/usr/bin/env bash
# Times the fetch of one large file over loopback HTTP, served by nginx: Backhaul (fetch, SHA-256,
# fsync, publication) beside `curl -o` followed by `openssl dgst -sha256` and `sync`, in turn.
# Needs nginx, curl, openssl and GNU time. Usage: tests/bench/fetch.sh [MiB] [ROUNDS]
set -euo pipefail
mib=${1:-2048} rounds=${2:-3}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
(cd "$root" && cargo build --quiet --release -p backhaul -p backhaul-fault-provider)

work=$(mktemp -d)
trap 'nginx -c "$work/nginx.conf" -s stop 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/www" "$work/providers"
install -m 644 "$target/release/libbackhaul_provider_fault.so" "$work/providers/"
head -c "$((mib << 20))" /dev/urandom >"$work/www/big.bin"
cat >"$work/nginx.conf" <<CONF
pid $work/nginx.pid; error_log $work/error.log; worker_processes 2;
events {}
http { access_log off; sendfile on; server { listen 127.0.0.1:7488; root $work/www; } }
CONF
chmod 755 "$work" "$work/www"
nginx -c "$work/nginx.conf"

config() { # connections per file
    cat >"$work/backhaul.toml" <<TOML
[daemon]
state_dir = "state"
provider_path = ["providers"]
control_socket = "control.sock"
connections_per_file = $1
[account.bench]
provider = "fault"
link_hosts = ["127.0.0.1"]
allow_http = true
[[job]]
name = "bench"
account = "bench"
service = "faults"
directory = "mirror"
[[job.options.backups]]
backup = { key = "k", name = "big", kind = "full", started_at = "2026-01-01T00:00:00Z", state = { state = "available" } }
files = [{ id = "f", name = "big.bin", link = { url = "http://127.0.0.1:7488/big.bin", ranges = "yes" } }]
TOML
}

timed() { # label, command...
    local label=$1
    shift
    /usr/bin/time -f "$label: %e s wall, %U + %S s CPU, %M KiB" "$@" >/dev/null
}

for _ in $(seq "$rounds"); do
    for connections in 1 4; do
        config "$connections"
        rm -rf "$work/state" "$work/mirror"
        timed "backhaul, $connections connections" "$target/release/backhaul" sync --config "$work/backhaul.toml"
    done
    rm -f "$work/out"
    timed "curl, openssl, sync" sh -c \
        "curl -s -o '$work/out' http://127.0.0.1:7488/big.bin && openssl dgst -sha256 '$work/out' && sync '$work/out'"
    rm -f "$work/out"
done
