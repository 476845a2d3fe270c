# How a stage of the chain runs; read by the stages' scripts, from within the stage's folder.
# They set before:
#   stage         name of the stage and of its files
#   previous      key of the stage before, empty for the first stage
#   trajectory    XYZ file whose last geometry the stage starts from
#   most_move_a   the last one in which the atoms moved no further, rms in Å, empty for any
#   before        XYZ file of the stage before that one, in whose last geometry it started; empty if none
#   counted       atoms whose moves count, as ranges such as 1..50; empty for all
#   orbitals      orbitals that the stage starts from, empty if there are none
#   must_relax    yes if the stage has to end with a converged geometry
#   data_files    files of basis sets and potentials beside the input, if there are any
#   cp2k_command  the command that starts CP2K in a job
#   prepare       a function that readies a job for CP2K
# Outside a job (run.sh), EPICARVE_CP2K holds the command and nothing is prepared. With
# EPICARVE_ASK=complete nothing runs; exit code 0 says that the stage is complete.
set -eu

die() {
  echo "${PWD##*/}: $1" >&2
  exit 1
}

# What is wrong with the output, in a few words; nothing if it is sound. CP2K 2023.1 itself only
# warns of an SCF or a geometry that did not converge.
trouble() {
  if ! grep -qs "PROGRAM ENDED AT" "$stage.out"; then
    echo "CP2K was cut off"
  elif ! grep -E "SCF run (NOT )?converged" "$stage.out" | tail -n 1 | grep -q "SCF run converged"; then
    echo "the SCF did not converge"
  elif [ "$must_relax" = yes ] && ! grep -q "GEOMETRY OPTIMIZATION COMPLETED" "$stage.out"; then
    echo "the geometry did not converge in the steps allowed"
  fi
}

# Print the last whole frame of an XYZ file (number of atoms, title, atoms); nothing if there is none.
last_frame() {
  local atoms frame lines
  atoms=$(head -n 1 "$1" | tr -d " \r")
  case $atoms in "" | *[!0-9]*) return ;; esac
  frame=$((atoms + 2))
  lines=$(wc -l <"$1")
  head -n "$((lines / frame * frame))" "$1" | tail -n "$frame"
}

# Print the geometry that the stage is given; nothing if there is none yet.
given_frame() {
  if [ -n "$most_move_a" ]; then
    awk -v most="$most_move_a" -v counted="$counted" -f ../within.awk ../start.xyz $before "$trajectory"
  else
    last_frame "$trajectory"
  fi
}

# A file of orbitals, or with k-points of the density matrix, is whole if its last record, like all of
# its rows, is as long as its head says; a job or a machine that died while it was written leaves
# less, or zeros.
is_whole() {
  local functions last skip=12
  case $1 in *.kp*) skip=20 ;; esac # the number of functions stands in the second record there
  [ -f "$1" ] && [ "$(wc -c <"$1")" -gt 28 ] || return 1
  functions=$(od -An -td4 -j$skip -N4 "$1" | tr -d " ")
  last=$(tail -c 4 "$1" | od -An -td4 | tr -d " ")
  [ "$functions" -gt 0 ] && [ "$last" = "$((functions * 8))" ]
}

hash_of() {
  sha256sum | cut -c 1-64
}

# All that the stage's result depends on: its input with the files of basis sets and potentials
# beside it, the geometry given to it, the stages before.
given=$([ ! -s "$trajectory" ] || given_frame | hash_of)
asked=$(cat "$stage.inp" $data_files | hash_of)
key=$(echo "$given $asked" | cat - $previous 2>/dev/null | hash_of)

# The key file holds the key, the geometry and the input of the last attempt, a line each.
tried() {
  sed -n "$1p" "$stage.key" 2>/dev/null || true
}

is_complete() {
  [ -n "$given" ] && [ "$(tried 1)" = "$key" ] && [ -z "$(trouble)" ]
}

if [ "${EPICARVE_ASK:-}" = complete ]; then
  is_complete && exit 0 || exit 1
fi

# Two runs of one stage never overlap: the second waits for the first, and finds its work done. The
# lock lives as long as this script or its CP2K; file systems without locks do without.
exec 9>.lock
if command -v flock >/dev/null && ! flock -n 9 2>/dev/null; then
  echo "${PWD##*/}: waits for another run of this stage"
  flock 9 2>/dev/null || true
fi

if is_complete; then
  echo "${PWD##*/}: complete already"
  exit 0
fi

for file in "$trajectory" $orbitals; do
  [ -s "$file" ] || die "$file is missing; run the stage before to its end"
done

# A relaxation that came to no good end goes on from its own last geometry. An SCF goes on from its
# own orbitals, the newest that are whole, unless the input has changed.
# A cell that relaxes is taken up with its atoms, from CP2K's restart file, the newest that is whole.
own=$stage-pos-1.xyz
wfn=$stage-RESTART.wfn
! grep -q "&KPOINTS" "$stage.inp" || wfn=$stage-RESTART.kp
restart=$stage-1.restart
cell=
: >"$stage.xyz"
if [ "$(tried 2)" = "$given" ] && [ -n "$(trouble)" ]; then
  if ! grep -q "RUN_TYPE CELL_OPT" "$stage.inp"; then
    [ ! -s "$own" ] || last_frame "$own" >"$stage.xyz"
  else
    for saved in "$restart" "$restart.bak-1" "$restart.bak-2" "$restart.bak-3"; do
      if tail -n 1 "$saved" 2>/dev/null | grep -q "&END FORCE_EVAL"; then
        cp "$saved" "$stage.cell"
        cell=$stage.cell
        break
      fi
    done
  fi
else
  rm -f "$own" "$wfn"* "$restart"*
fi
[ -s "$stage.xyz" ] || given_frame >"$stage.xyz"
[ -s "$stage.xyz" ] || die "$trajectory holds no whole geometry; run the stage before again"
[ "$(tried 3)" = "$asked" ] || rm -f "$wfn"*
for saved in "$wfn" "$wfn.bak-1" "$wfn.bak-2" "$wfn.bak-3"; do
  if is_whole "$saved"; then
    [ "$saved" = "$wfn" ] || mv "$saved" "$wfn"
    break
  fi
  rm -f "$saved"
done
input=$stage.inp
if [ -s "$wfn" ] && [ "$stage" != states ]; then
  input=$stage.resumed
  sed "s|WFN_RESTART_FILE_NAME .*|WFN_RESTART_FILE_NAME $wfn|" "$stage.inp" >"$input"
fi
if [ -n "$cell" ]; then
  [ "$input" = "$stage.resumed" ] || cp "$stage.inp" "$stage.resumed"
  input=$stage.resumed
  printf "%s\n" "&EXT_RESTART" "  RESTART_FILE_NAME $cell" "  RESTART_DEFAULT F" \
    "  RESTART_POS T" "  RESTART_CELL T" "&END EXT_RESTART" >>"$input"
fi
rm -f "$stage.out"
printf "%s\n" "$key" "$given" "$asked" >"$stage.key"

if [ -z "${EPICARVE_CP2K:-}" ]; then
  prepare
  EPICARVE_CP2K=$cp2k_command
fi
if ! $EPICARVE_CP2K -i "$input" -o "$stage.out"; then
  { head -c 100000 /dev/zero >.space; } 2>/dev/null || problem="the disk is full"
  rm -f .space
  die "${problem:-CP2K stopped with an error}; read $stage.out"
fi
problem=$(trouble)
[ -z "$problem" ] || die "$problem; read $stage.out"
rm -f "$stage.resumed" "$stage.cell"
sync . "$stage".* "$stage"-* 2>/dev/null || true
echo "${PWD##*/}: complete"
