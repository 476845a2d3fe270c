# SLURM, as submit.sh speaks to it.

# Whether a job waits or runs in a folder; one that is ending counts no more.
is_queued() {
  local told
  if told=$(squeue --noheader --jobs="$1" --states=PD,CF,R,S --format=%Z 2>&1); then
    grep -qxF "$2" <<<"$told"
  elif ! grep -q "Invalid job id" <<<"$told"; then
    echo "SLURM does not answer: $told" >&2
    exit 1
  else
    return 1
  fi
}

# Submit a script to run in its folder after other jobs (":1:2") succeeded, and print its job.
send() {
  local told
  told=$(sbatch --parsable --kill-on-invalid-dep=yes ${2:+--dependency=afterok"$2"} \
    --chdir="$PWD/${1%/*}" "$1") || return 1
  echo "${told%%;*}"
}

drop() {
  scancel "$1"
}
