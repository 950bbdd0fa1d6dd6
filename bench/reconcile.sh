#!/usr/bin/env bash
# reconcile.sh BUILD: what a pass costs that finds nothing to do. No peer: the bar is absolute.
set -euo pipefail
state=$(mktemp -d -p "$1")
trap 'rm -rf "$state"' EXIT
"$1/bench/bench_reconcile" "$state"
