#!/usr/bin/env bash
# trials.sh BUILD: trials a second of an Experiment, and of Optuna's ask and tell with SQLite; each
# trial runs /bin/echo loss=LR, eight at a time, and its loss is read from what it prints. About
# three minutes. PAIRS=N measures fewer or more pairs.
set -euo pipefail
build=$(readlink -f "$1") here=$(dirname "$0") python=${LOCKSTEP_BENCH_PYTHON:-} pairs=${PAIRS:-7}
ours=2000 # trials
peer=500  # of Optuna: fewer, because it is slow; its rate does not grow with them
scratch=$(mktemp -d -p "$build")
# Removed at the end alone: ext4 creates files slowly just after many were removed.
trap 'rm -rf "$scratch"' EXIT
state() { mktemp -d -p "$scratch"; }

wait_for_quiet() { # up to 20 s
  for _ in $(seq 20); do
    awk '{ exit !($1 < 0.7) }' /proc/loadavg && return 0
    sleep 1
  done
  return 1
}
run_ours() { "$build/bench/bench_trials" rate "$build/lockstep" "$(state)" "$1"; }
run_peer() { timeout 300 "$python" "$here/trials_optuna.py" "$(state)/study.db" "$1" "$2"; }
median() { # of column $1 of the pairs
  awk -v c="$1" '{ print c == "ratio" ? $1 / $2 : $c }' "$scratch/pairs" | sort -g |
    awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# measure PAIRS: appends "ours peer" to pairs; the last line of ours is what a trial cost.
measure() {
  for _ in $(seq "$1"); do
    run_ours $ours >"$scratch/ours"
    local got
    got=$(awk '{ print $1 }' "$scratch/ours")
    echo "$got $(run_peer $peer "$mode")" | tee -a "$scratch/pairs"
  done
  ratio=$(median ratio)
}

quiet=yes failed=0
wait_for_quiet || quiet=no
mkdir "$scratch/start"
"$build/lockstep" --state-dir "$scratch/start" operator --detach
trap 'kill "$(cat "$scratch/start/operator.lock")" 2>/dev/null || true; rm -rf "$scratch"' EXIT
read -r start start_median <<<"$("$build/bench/bench_trials" start "$build/lockstep" \
  "$scratch/start" 21)"
echo "apply to the first trial's program: $start ms p10, $start_median ms median"
outcome=ok
awk -v got="$start" 'BEGIN { exit !(got <= 20) }' || { outcome=short failed=3; }
echo "bar trials-start $start ms <=20 ms $outcome"

echo 'growth with the number of trials:'
for count in 500 2000 10000; do
  printf '%6d: ' $count
  run_ours $count
done
not_shown() {
  echo "bar trials-rate - >=5x Optuna not-shown ($1)"
  exit $((failed > 0 ? failed : 77))
}
[ -n "$python" ] && "$python" -c 'import optuna' 2>/dev/null ||
  not_shown 'no Optuna: ./dev setup bench'

# Its better way here is the one we are measured by.
threads=$(run_peer $peer threads) single=$(run_peer $peer single) mode=threads
awk -v a="$threads" -v b="$single" 'BEGIN { exit !(b > a) }' && mode=single
version=$("$python" -c 'import optuna; print(optuna.__version__)')
echo "Optuna $version: $threads trials/s by threads, $single by one; pairs, with $mode:"
measure "$pairs"
is_ok() { awk -v got="$ratio" 'BEGIN { exit !(got >= 5) }'; }
is_ok || { : >"$scratch/pairs"; measure $((2 * pairs)); } # a miss is measured once more
sed 's/^[^;]*; //' "$scratch/ours"
[ $quiet = yes ] || not_shown "the machine is busy; ratio $ratio"
outcome=ok
is_ok || { outcome=short failed=3; }
printf 'bar trials-rate %.1fx Optuna (%.0f and %.0f trials/s) >=5x %s\n' "$ratio" \
  "$(median 1)" "$(median 2)" $outcome
exit $failed
