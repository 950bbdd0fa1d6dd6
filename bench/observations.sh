#!/usr/bin/env bash
# observations.sh BUILD: metric rows into the state file, beside a plain SQLite loop, in the build
# folder's file system.
set -euo pipefail
exec taskset -c 1 "$1/bench/bench_observations" "$1/bench"
