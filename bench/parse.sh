#!/usr/bin/env bash
# parse.sh BUILD: metric rows from a 64 MB log, beside PCRE2's JIT and Katib's own loop in Go, all
# on one core.
set -euo pipefail
build=$1 here=$(dirname "$0")
if [ ! -x "$build/bench/bench_parse" ]; then
  for bar in speed default braces words equals katib katib-dense; do
    echo "bar parse-$bar got - WANTED see bench/README.md not-shown (no PCRE2: ./dev setup bench)"
  done
  exit 77
fi
peer=()
if command -v go >/dev/null; then
  CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local GOCACHE=$PWD/$build/bench/go-cache \
    go build -o "$build/bench/parse_katib" "$here/parse_katib.go"
  peer=("$build/bench/parse_katib")
  go version
fi
export GOMAXPROCS=1
exec taskset -c 1 "$build/bench/bench_parse" "$build/bench" "${peer[@]}"
