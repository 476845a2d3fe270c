# How a stage of the chain runs; read by the stages' scripts, from within the stage's folder.
# They set before:
#   stage         name of the stage and of its files
#   previous      output of the stage before, empty for the first stage
#   trajectory    relaxed geometries of which this stage takes the last, empty if there are none
#   orbitals      orbitals from which this stage starts, empty if there are none
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

# Whether a file is newer than all that the stage starts from.
is_current() {
  local source
  for source in "$stage.inp" "$stage.xyz" $previous; do
    [ "$1" -nt "$source" ] || return 1
  done
}

if is_current "$stage.out" && [ -z "$(trouble)" ]; then
  echo "${PWD##*/}: complete already"
  exit 0
fi

for file in $trajectory $orbitals; do
  [ -s "$file" ] || die "$file is missing; run the stage before to its end"
done

# An interrupted relaxation goes on from where it was; else the stage starts from the last geometry
# of the one before. A frame of XYZ is a line with the number of atoms, a title, and the atoms.
input=$stage.inp
if is_current "$stage-1.restart"; then
  input=$stage-1.restart
elif [ -n "$trajectory" ]; then
  tail -n "$(($(head -n 1 "$trajectory") + 2))" "$trajectory" >"$stage.xyz"
fi

if [ -z "${EPICARVE_CP2K:-}" ]; then
  prepare
  EPICARVE_CP2K=$cp2k_command
fi
rm -f "$stage.out"
$EPICARVE_CP2K -i "$input" -o "$stage.out" || die "CP2K stopped with an error; read $stage.out"
problem=$(trouble)
[ -z "$problem" ] || die "$problem; read $stage.out"
echo "${PWD##*/}: complete"
