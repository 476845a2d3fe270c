# PBS, as submit.sh speaks to it.

# Whether a job waits or runs in a folder; one that is ending counts no more.
is_queued() {
  local told
  if told=$(qstat -f -w "$1" 2>&1); then
    grep -q "job_state = [HQRSTUW]" <<<"$told" && grep -qF "PBS_O_WORKDIR=$2," <<<"$told,"
  elif ! grep -qE "Unknown Job|has finished" <<<"$told"; then
    echo "PBS does not answer: $told" >&2
    exit 1
  else
    return 1
  fi
}

# Submit a script to run in its folder after other jobs (":1:2") succeeded, and print its job.
send() {
  (cd "${1%/*}" && qsub ${2:+-W depend=afterok"$2"} "${1##*/}")
}

drop() {
  qdel "$1"
}
