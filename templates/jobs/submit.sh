#!/bin/bash
# Submits the chain; each stage waits for those before and runs only if they succeeded. The same
# command resumes an interrupted chain: stages that are complete, and jobs that still wait or run,
# are left alone.
set -eu
cd "$(dirname "$0")"
. ./scheduler.sh
declare -A job # of each script, empty if its stage is complete
declare -A old # yes if nothing new was submitted for the script or before it
while read -r script needs; do
  folder=${script%/*}
  after=""
  fresh=""
  for need in $needs; do
    after+=${job[$need]:+:${job[$need]}}
    [ "${old[$need]}" = yes ] || fresh=yes
  done
  id=$(cat "$folder/job.id" 2>/dev/null || true)
  if [ -n "$id" ] && ! is_queued "$id" "$PWD/$folder"; then
    id=""
  fi
  old[$script]=yes
  job[$script]=$id
  if [ -n "$id" ] && [ -z "$fresh" ]; then
    echo "$script: job $id, submitted before"
  elif [ -z "$fresh" ] && (cd "$folder" && EPICARVE_ASK=complete bash "${script##*/}"); then
    rm -f "$folder/job.id"
    echo "$script: complete already"
  else
    [ -z "$id" ] || drop "$id"
    id=$(send "$script" "$after") || exit 1
    echo "$id" >"$folder/job.id"
    old[$script]=no
    job[$script]=$id
    echo "$script: job $id"
  fi
done <chain.txt
