#!/bin/bash
# bars allreduce-16MB, allreduce-64MB: shared memory between two processes beside Open MPI.
set -eu
build=$1
command -v mpirun > /dev/null || {
  for size in 16MB 64MB; do
    echo "bar allreduce-$size got - WANTED >=1.00x not-shown (no mpirun: ./dev setup bench)"
  done
  exit 77
}
ninja -C "$build" bench_allreduce > /dev/null
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
exec mpirun -np 2 --bind-to core "$build/bench/bench_allreduce"
