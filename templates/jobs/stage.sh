# How a stage of the chain runs; read by the stages' scripts, from within the stage's folder.
# They set before:
#   stage         name of the stage and of its files
#   previous      output of the stage before, empty for the first stage
#   trajectory    XYZ file whose last geometry the stage starts from
#   orbitals      orbitals that the stage starts from, empty if there are none
#   must_relax    yes if the stage has to end with a converged geometry
#   cp2k_command  the command that starts CP2K in a job
#   prepare       a function that readies a job for CP2K
# Outside a job (run.sh), EPICARVE_CP2K holds the command and nothing is prepared.
set -eu

die() {
  echo "${PWD##*/}: $1" >&2
  exit 1
}

# What is wrong with the output, in a few words; nothing if it is sound. CP2K 2023.1 itself only
# warns of an SCF or a geometry that did not converge.
trouble() {
  if ! grep -q "PROGRAM ENDED AT" "$stage.out"; then
    echo "CP2K was cut off"
  elif ! grep -E "SCF run (NOT )?converged" "$stage.out" | tail -n 1 | grep -q "SCF run converged"; then
    echo "the SCF did not converge"
  elif [ "$must_relax" = yes ] && ! grep -q "GEOMETRY OPTIMIZATION COMPLETED" "$stage.out"; then
    echo "the geometry did not converge in the steps allowed"
  fi
}

# Whether the first file is there and newer than all the others.
is_newer() {
  local file=$1 other
  shift
  [ -f "$file" ] || return 1
  for other in "$@"; do
    [ "$file" -nt "$other" ] || return 1
  done
}

# Print the last whole frame of an XYZ file: number of atoms, title, atoms.
last_frame() {
  local frame lines
  frame=$(($(head -n 1 "$1") + 2))
  lines=$(wc -l <"$1")
  head -n "$((lines / frame * frame))" "$1" | tail -n "$frame"
}

if is_newer "$stage.out" "$stage.inp" ../start.xyz $previous && [ -z "$(trouble)" ]; then
  echo "${PWD##*/}: complete already"
  exit 0
fi

for file in "$trajectory" $orbitals; do
  [ -s "$file" ] || die "$file is missing; run the stage before to its end"
done

# A relaxation that came to no good end goes on from its own last geometry, and from its orbitals
# unless the input has changed.
own=$stage-pos-1.xyz
if is_newer "$own" ../start.xyz $previous && [ -f "$stage.out" ] && [ -n "$(trouble)" ]; then
  last_frame "$own" >"$stage.xyz"
else
  rm -f "$own" "$stage-RESTART.wfn"
  last_frame "$trajectory" >"$stage.xyz"
fi
is_newer "$stage-RESTART.wfn" "$stage.inp" || rm -f "$stage-RESTART.wfn"

if [ -z "${EPICARVE_CP2K:-}" ]; then
  prepare
  EPICARVE_CP2K=$cp2k_command
fi
rm -f "$stage.out"
$EPICARVE_CP2K -i "$stage.inp" -o "$stage.out" || die "CP2K stopped with an error; read $stage.out"
problem=$(trouble)
[ -z "$problem" ] || die "$problem; read $stage.out"
echo "${PWD##*/}: complete"
