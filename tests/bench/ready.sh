#!/usr/bin/env bash
# Starts the daemon and waits until it says that it is ready, by the protocol of sd_notify.
#
# usage: tests/bench/ready.sh BACKHAUL DIRECTORY
set -euo pipefail
exec python3 - "$@" <<'PYTHON'
import os, socket, subprocess, sys, tempfile
backhaul, place = sys.argv[1:]
with tempfile.TemporaryDirectory() as scratch:
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(scratch + "/notify")
    ready.settimeout(60)
    environment = dict(os.environ, NOTIFY_SOCKET=scratch + "/notify")
    command = [backhaul, "run", "--config", place + "/backhaul.toml"]
    daemon = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while b"READY=1" not in ready.recv(4096):
        pass
    daemon.kill()
    daemon.wait()
PYTHON
