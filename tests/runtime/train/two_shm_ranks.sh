#!/usr/bin/env bash
# two_shm_ranks.sh PROGRAM: both ranks must exit with 0.
set -eu
export LOCKSTEP_JOB=two-shm-ranks-$$ LOCKSTEP_WORLD_SIZE=2 LOCKSTEP_LOCAL_WORLD_SIZE=2
export LOCKSTEP_NODE_RANK=0 LOCKSTEP_NODES=1
LOCKSTEP_RANK=1 LOCKSTEP_LOCAL_RANK=1 "$1" &
LOCKSTEP_RANK=0 LOCKSTEP_LOCAL_RANK=0 "$1"
wait $!
