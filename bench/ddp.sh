#!/usr/bin/env bash
# ddp.sh BUILD: what data-parallel training on two ranks adds to the time of a step, beside torch
# DDP with Gloo. A round runs all four, one after the other; a step's time is the p10 of 300.
set -euo pipefail
build=$1 here=$(dirname "$0") python=${LOCKSTEP_BENCH_PYTHON:-}
export OMP_NUM_THREADS=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Each prints rank 0's time; a rank that fails, fails the bench.
ours_alone() { "$build/bench/bench_ddp"; }
ours_two() {
  export LOCKSTEP_JOB=bench-ddp-$$ LOCKSTEP_WORLD_SIZE=2 LOCKSTEP_LOCAL_WORLD_SIZE=2
  export LOCKSTEP_NODE_RANK=0 LOCKSTEP_NODES=1 LOCKSTEP_TRANSPORT=shm
  LOCKSTEP_RANK=1 LOCKSTEP_LOCAL_RANK=1 timeout 60 "$build/bench/bench_ddp" & local second=$!
  LOCKSTEP_RANK=0 LOCKSTEP_LOCAL_RANK=0 timeout 60 "$build/bench/bench_ddp" && wait $second
}
torch_alone() { timeout 60 "$python" "$here/ddp_torch.py" 0 1 none; }
torch_two() {
  rm -f "$scratch/meeting"
  timeout 60 "$python" "$here/ddp_torch.py" 1 2 "$scratch/meeting" & local second=$!
  timeout 60 "$python" "$here/ddp_torch.py" 0 2 "$scratch/meeting" && wait $second
}

wait_for_quiet() { # up to 20 s
  for _ in $(seq 20); do
    awk '{ exit !($1 < 0.7) }' /proc/loadavg && return 0
    sleep 1
  done
  return 1
}

# measure ROUNDS: prints the medians and the two overheads, `alone two overhead` for both sides.
measure() {
  for _ in $(seq "$1"); do
    local a b c=0 d=0
    a=$(ours_alone) b=$(ours_two)
    [ -z "$python" ] || { c=$(torch_alone); d=$(torch_two); }
    echo "$a $b $c $d"
  done >"$scratch/rounds"
  column() { awk "{ print $1 }" "$scratch/rounds" | sort -g |
    awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
  ours="$(column '$1') $(column '$2') $(column '($2 / $1 - 1) * 100')"
  peer="0 0 0"
  [ -z "$python" ] || peer="$(column '$3') $(column '$4') $(column '($4 / $3 - 1) * 100')"
}

quiet=yes
wait_for_quiet || quiet=no
measure 7
read -r a b got <<<"$ours"
read -r c d wanted <<<"$peer"
is_ok() { awk -v got="$got" -v wanted="$wanted" 'BEGIN { exit !(got <= wanted) }'; }
if [ -n "$python" ] && ! is_ok; then
  measure 14
  read -r a b got <<<"$ours"
  read -r c d wanted <<<"$peer"
fi

printf '%-24s %12s %12s %10s\n' 'step, ms' '1 rank' '2 ranks' overhead
printf '%-24s %12.3f %12.3f %9.0f%%\n' 'Lockstep over shm' "$a" "$b" "$got"
[ -z "$python" ] || printf '%-24s %12.3f %12.3f %9.0f%%\n' 'torch DDP over Gloo' "$c" "$d" "$wanted"
bar() { # PEER OUTCOME
  printf "bar ddp-overhead got %.0f %% (torch DDP Gloo %s) WANTED <= torch's %s\n" "$got" "$1" "$2"
}
if [ -z "$python" ]; then
  bar 'not run' 'not-shown (no torch: ./dev setup bench)'
  exit 77
fi
shown=$(printf '%.0f %%' "$wanted")
if [ "$quiet" = no ]; then
  bar "$shown" 'not-shown (the machine is busy)'
  exit 77
elif is_ok; then
  bar "$shown" ok
else
  bar "$shown" short
  exit 3
fi
