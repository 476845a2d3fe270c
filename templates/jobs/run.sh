#!/bin/bash
# Runs the chain on this machine, without a scheduler, and stops at the first stage that fails.
# EPICARVE_CP2K names the command that starts CP2K, OMP_NUM_THREADS how many threads it takes.
set -eu
cd "$(dirname "$0")"
export EPICARVE_CP2K="${EPICARVE_CP2K:-cp2k.psmp}"
while read -r script _; do
  (cd "${script%/*}" && bash "${script##*/}" </dev/null)
done <chain.txt
