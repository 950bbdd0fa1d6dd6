#!/usr/bin/env bash
# startup.sh BUILD: how fast `lockstep version` starts, beside /bin/true.
set -euo pipefail
exec "$1/bench/bench_startup" "$1/lockstep"
