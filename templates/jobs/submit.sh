#!/bin/bash
# Submits the chain to SLURM; each stage waits for the one before and runs only if it succeeded.
# Stages that are complete end at once, so the same command resumes an interrupted chain.
set -eu
cd "$(dirname "$0")"
job=""
while read -r script; do
  job=$(sbatch --parsable --kill-on-invalid-dep=yes ${job:+--dependency=afterok:"$job"} \
    --chdir="$PWD/${script%/*}" "$script")
  job=${job%%;*}
  echo "$script: job $job"
done <chain.txt
