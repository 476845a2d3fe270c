"""A stand-in for CP2K that fails on demand, and the stages of a chain one after the other."""

from epicarve.dft.run import run_stage

# Called as: stand-in -i INPUT -o OUTPUT. Writes what the scripts look for; the file "verdict" in
# the chain's folder says how the run named on its first line ends. Its orbitals are of one
# function; a run that is cut off leaves half of them.
STAND_IN = """#!/bin/bash
stage=${2%.*}
verdict=good
[ "$(head -n 1 ../verdict 2>/dev/null)" = "$stage" ] && verdict=$(tail -n 1 ../verdict)
echo "$stage $OMP_NUM_THREADS $(sed -n 3p "$stage.xyz")" >>../calls
echo "$2 $(ls "$stage-RESTART.wfn" 2>/dev/null)" >>../inputs
{
  echo " CP2K| version string:                                       CP2K version 2023.1"
  echo " GLOBAL| Project name                                                   $stage"
  case $stage in
  *relax)
    echo " OPTIMIZATION STEP:      1"
    moved="s/^Pb .*/Pb 1.0 2.0 3.$(wc -l <../calls)/"
    sed "${STAND_IN_MOVES:-$moved}" "$stage.xyz" >>"$stage-pos-1.xyz" ;;
  esac
  [ "$verdict" = unconverged ] && echo " *** WARNING in qs_scf.F:601 :: SCF run NOT converged ***"
  [ "$verdict" = unconverged ] || echo "  *** SCF run converged in     8 steps ***"
  [ "$verdict" = stuck ] || echo " ***        GEOMETRY OPTIMIZATION COMPLETED        ***"
  printf '\\24\\0\\0\\0\\4\\0\\0\\0\\1\\0\\0\\0\\1\\0\\0\\0...........' >"$stage-RESTART.wfn"
  [ "$verdict" = cut ] || printf '\\10\\0\\0\\0........\\10\\0\\0\\0' >>"$stage-RESTART.wfn"
  [ "$verdict" = slow ] && sleep 2
  [ "$verdict" = cut ] || echo "  **** **** ******  **  PROGRAM ENDED AT"
} >"$4"
[ "$verdict" != crash ]
"""


def run_stages(folder, chain, tell=lambda _: None, command="cp2k.psmp"):
    """Run the stages of a chain, each by its own job script."""
    for stage in chain:
        run_stage(folder, stage, tell, command=command)
