"""Main outputs, trajectories and restarts: what they say, whole, cut off and damaged."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.io import read as ase_read

from epicarve.dft.output import OutputReader, frames, last_frame, read_output, read_restart
from epicarve.errors import InputError

FIXTURES = Path(__file__).parent / "fixtures"
OUTPUTS = ("1-prerelax/prerelax", "2-relax/relax", "3-ground-state/ground-state", "4-states/states")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    shutil.unpack_archive(FIXTURES / "cp2k-pb9s6cl6.tar.xz", folder)
    shutil.unpack_archive(FIXTURES / "cp2k-so-triplet.tar.xz", folder / "triplet")
    return folder


def outputs(folder):
    return [folder / f"{name}.out" for name in OUTPUTS] + [folder / "triplet" / "run.log"]


def test_what_a_relaxation_says(folder):
    output = read_output(folder / "2-relax" / "relax.out")
    lines = (folder / "2-relax" / "relax.out").read_text().splitlines()
    energies = [float(line.split()[-1]) for line in lines if line.startswith(" ENERGY|")]
    assert output.version == "2023.1"
    assert output.energies_hartree == tuple(energies)
    assert output.energy_hartree == energies[-1]
    assert output.n_geometry_steps == 3
    assert [step.number for step in output.steps] == [1, 2, 3]
    told_again = [step.energy_hartree for step in output.steps]
    assert told_again == pytest.approx(energies[-3:], abs=1e-9)
    assert output.steps[-1].max_gradient_hartree_bohr == 0.0057956207
    assert not output.geometry_converged
    assert [run.converged for run in output.scf] == [True] * 4
    assert output.scf[0].n_steps == 41  # "outer SCF loop converged in 2 iterations or 41 steps"
    assert output.scf[0].change == 5.5e-7
    assert output.timings_s["CP2K"] == 93.546
    assert len(output.symbols) == 21
    with pytest.raises(InputError, match="geometry did not converge in 3 steps"):
        output.require_sound(must_relax=True)


def test_numbers_of_a_whole_chain(folder):
    whole = [read_output(path) for path in outputs(folder)]
    assert [output.ended for output in whole] == [True] * 5
    assert [output.scf_converged for output in whole] == [True] * 5
    assert [output.n_geometry_steps for output in whole] == [92, 3, 0, 0, 0]
    assert whole[0].geometry_converged


# As CP2K 2026.2 writes them: force_env_methods.F, gopt_f_methods.F, force_env_utils.F, qs_scf.F.
NEW_FORM = """\
 CP2K| version string:                                       CP2K version 2026.2
 GLOBAL| Project name                                                        new
                             - Atoms:                                          2

 --------------------------
 OPTIMIZATION STEP:      1
 --------------------------

 SCF WAVEFUNCTION OPTIMIZATION

     1 OT DIIS     0.80E-01    0.1     0.01006405        -2.2640187531 -2.26E+00
     2 OT DIIS     0.80E-01    0.1     0.00000093        -2.2640187540 -1.00E-09

  *** SCF run converged in     2 steps ***

  Total energy:                                                -2.26401875400000

 ENERGY| Total FORCE_EVAL ( QS ) energy [eV]                {ev:26.15f}
 ENERGY| Total FORCE_EVAL ( QS ) gap [eV]                      5.123456789012345
 ENERGY| Total FORCE_EVAL ( QS ) free energy [eV]            -61.999999999999999

 FORCES| Atomic forces [hartree/bohr]
 FORCES|   Atom     x               y               z              |f|
 FORCES|      1  1.00000000E-03  0.00000000E+00  2.00000000E-03   2.23606798E-03
 FORCES|      2 -1.00000000E-03  0.00000000E+00 -2.00000000E-03   2.23606798E-03
 FORCES| Sum     0.00000000E+00  0.00000000E+00  0.00000000E+00
 FORCES| Total atomic force                                       0.00000000E+00

 OPT| **************************************************************************
 OPT| Step number                                                              1
 OPT| Total energy [hartree]                                       -2.2640187540
 OPT| Maximum gradient                                              0.0020000000
 OPT| **************************************************************************
"""


def test_the_form_of_2026(tmp_path):
    text = NEW_FORM.format(ev=-2.264018754 * 27.211386245988)
    path = tmp_path / "new.out"
    path.write_text(text)
    output = read_output(path)
    assert output.version == "2026.2"
    assert output.energies_hartree == pytest.approx([-2.264018754], abs=1e-9)
    assert output.forces_hartree_bohr == ((1e-3, 0.0, 2e-3), (-1e-3, 0.0, -2e-3))
    assert output.steps[0].energy_hartree == -2.264018754
    assert output.steps[0].max_gradient_hartree_bohr == 0.002
    path.write_text(text.replace("1  1.00000000E-03", "1  1.70000000E-03"))
    with pytest.raises(InputError, match="the forces do not add up"):
        read_output(path)
    for stop in (" *** WARNING in qs_scf.F:700 :: SCF run NOT converged ***", ""):
        path.write_text(text.replace("  *** SCF run converged in     2 steps ***", stop))
        assert read_output(path).scf_converged is (False if stop else None)


NEW_ENERGY = NEW_FORM[: NEW_FORM.index(" FORCES| Atomic")]


def written(path, energy_hartree, run_type="ENERGY_FORCE"):
    text = NEW_ENERGY.format(ev=energy_hartree * 27.211386245988)
    text = text.replace(" GLOBAL| Project", f" GLOBAL| Run type{run_type:>64}\n GLOBAL| Project", 1)
    path.write_text(text)
    return path


@pytest.mark.parametrize("run_type", ["ENERGY_FORCE", "GEO_OPT", "CELL_OPT", "MD"])
@pytest.mark.parametrize("off_hartree", [0.0, 3.8e-6, -2.3e-6, 9e-6])
def test_a_run_with_forces_evaluates_its_energy_once_more(run_type, off_hartree, tmp_path):
    """4e-6 hartree for NaCl with 8 atoms, 2e-6 for four molecules of water: CP2K 2023.1."""
    path = written(tmp_path / "forces.out", -2.264018754 + off_hartree, run_type)
    told_hartree = read_output(path).energy_hartree
    assert told_hartree == pytest.approx(-2.264018754 + off_hartree, abs=1e-9)


@pytest.mark.parametrize(
    ("run_type", "energy_hartree"),
    [
        ("ENERGY", -2.264028754),
        ("ENERGY", -2.264118754),
        ("ENERGY_FORCE", -2.264118754),
        ("ENERGY_FORCE", -2.264418754 + 3.8e-6),
        ("MD", -2.274018754 - 3.8e-6),
        ("GEO_OPT", -3.264018754 + 2e-6),
        ("GEO_OPT", -9.264018754 + 2e-6),
    ],
)
def test_a_changed_digit_of_the_energy_is_damage(run_type, energy_hartree, tmp_path):
    path = written(tmp_path / "digit.out", energy_hartree, run_type)
    with pytest.raises(InputError, match="does not agree with the energy of the SCF"):
        read_output(path)


def test_the_last_step_of_an_scf_and_its_total_are_one_number(tmp_path):
    path = written(tmp_path / "total.out", -2.264018754)
    path.write_text(path.read_text().replace("-2.26401875400000", "-2.26401975400000"))
    with pytest.raises(InputError, match="does not agree with the energy of the last step"):
        read_output(path)


def test_where_densities_are_mixed_the_energy_may_be_further_off(tmp_path):
    path = written(tmp_path / "mixed.out", -2.2641)
    path.write_text(path.read_text().replace("OT DIIS  ", "Broy./Diag."))
    assert read_output(path).energy_hartree == pytest.approx(-2.2641, abs=1e-9)


def test_a_second_run_in_the_same_file_starts_anew(folder, tmp_path):
    path = tmp_path / "both.out"
    parts = [(folder / f"{name}.out").read_text() for name in OUTPUTS[1:3]]
    path.write_text("".join(parts))
    both, last = read_output(path), read_output(folder / f"{OUTPUTS[2]}.out")
    assert both.energies_hartree == last.energies_hartree
    assert both.n_geometry_steps == 0


def told(output):
    """All that is held against the undamaged file; texts of warnings and timings have no check."""
    return (
        output.version,
        output.ended,
        output.scf_converged,
        output.n_geometry_steps,
        output.geometry_converged,
        output.symbols,
    )


@pytest.mark.parametrize("number", range(5))
def test_cut_off_outputs_are_named_so_and_damaged_ones_too(folder, tmp_path, number):
    """200 cuts and 200 flipped bytes, most of them where the reader takes something in."""
    source = outputs(folder)[number]
    data, whole = source.read_bytes(), read_output(source)
    draw = random.Random(number)
    path = tmp_path / "cut.out"
    many = 200 if len(data) < 100_000 else 40
    for _ in range(many):
        end = draw.randrange(len(data))
        path.write_bytes(data[:end])
        try:
            output = read_output(path)
            output.require_sound()
        except InputError as error:
            assert str(error).startswith(f"{path}: ")
        else:
            assert data[:end].count(b"PROGRAM ENDED AT") == 1
            assert output.energy_hartree == whole.energy_hartree
    telling = [i for i, line in enumerate(data.splitlines(keepends=True)) if is_telling(line)]
    starts = np.cumsum([0] + [len(line) for line in data.splitlines(keepends=True)])
    for _ in range(many):
        line = draw.choice(telling)
        at = draw.randrange(int(starts[line]), int(starts[line + 1]))
        damaged = bytearray(data)
        damaged[at] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            output = read_output(path)
            output.require_sound()
        except InputError as error:
            assert str(error).startswith(f"{path}: ")
        else:
            if output.symbols == ():  # the head of the table was hit: told as not printed
                output = replace(output, symbols=whole.symbols)
            if output.version != whole.version:  # one digit more or less of a version
                output = replace(output, version=whole.version)
            assert told(output) == told(whole), bytes(damaged[starts[line] : starts[line + 1]])
            if output.energy_hartree is not None:
                assert output.energy_hartree == pytest.approx(whole.energy_hartree, abs=2e-6)


def is_telling(line):
    words = (b"ENERGY|", b"STEP:", b"SCF run", b"Total energy", b"Pb ", b"version", b"COMPLETED")
    return any(word in line for word in words) or line.startswith(b" ---------")


def test_a_line_without_end_is_not_held_in_memory(folder, tmp_path):
    source = (folder / f"{OUTPUTS[2]}.out").read_bytes()
    path = tmp_path / "long.out"
    path.write_bytes(source + b"x" * 3_000_000)
    assert read_output(path).energy_hartree is not None


def test_lines_may_come_one_by_one(folder):
    text = (folder / f"{OUTPUTS[1]}.out").read_text().splitlines()
    one, many = OutputReader(), OutputReader()
    for line in text:
        one.feed([line])
    many.feed(text)
    assert one == many


XYZ = """\
       2
 i =        {i}, E =       -17.{i}000000000
 He         0.0000000000        0.0000000000        0.{i}000000000
 He         0.0000000000        0.0000000000        3.0000000000
"""


def test_trajectories(tmp_path):
    path = tmp_path / "run-pos-1.xyz"
    path.write_text("".join(XYZ.format(i=i) for i in range(5)))
    found = list(frames(path))
    assert [frame.step for frame in found] == list(range(5))
    assert [frame.energy_hartree for frame in found] == [-17.0, -17.1, -17.2, -17.3, -17.4]
    for frame, atoms in zip(found, ase_read(path, ":"), strict=True):
        np.testing.assert_allclose(frame.values, atoms.positions)
    data = path.read_bytes()
    for end in range(0, len(data), 7):
        path.write_bytes(data[:end])
        whole = [frame.step for frame in frames(path)]
        assert whole == list(range(len(whole)))
    path.write_text(XYZ.format(i=1).replace("0.1000000000", "0.1000x00000") + XYZ.format(i=2))
    with pytest.raises(InputError, match="atom 1 of frame 1 reads"):
        last_frame(path)
    path.write_text("")
    with pytest.raises(InputError, match="no whole frame"):
        last_frame(path)
    with pytest.raises(InputError, match="there is no such file"):
        last_frame(tmp_path / "none.xyz")


RESTART = """\
 # Version information for this restart file
 &GLOBAL
   PROJECT_NAME run
   RUN_TYPE  GEO_OPT
 &END GLOBAL
 &MOTION
   &GEO_OPT
     STEP_START_VAL  7
   &END GEO_OPT
 &END MOTION
 &FORCE_EVAL
   METHOD  QS
   &SUBSYS
     &CELL
       A     5.0000000000000000E+00    0.0000000000000000E+00    0.0000000000000000E+00
       B     0.0000000000000000E+00    5.0000000000000000E+00    0.0000000000000000E+00
       C     0.0000000000000000E+00    0.0000000000000000E+00    9.0000000000000000E+00
     &END CELL
     &COORD
He    0.0000000000000000E+00    0.0000000000000000E+00    0.0000000000000000E+00
He    0.0000000000000000E+00    0.0000000000000000E+00    2.9680000000000000E+00
     &END COORD
     &TOPOLOGY
       NUMBER_OF_ATOMS  2
     &END TOPOLOGY
   &END SUBSYS
 &END FORCE_EVAL
"""


def test_restarts(tmp_path):
    path = tmp_path / "run-1.restart"
    path.write_text(RESTART)
    restart = read_restart(path)
    assert (restart.project, restart.step, restart.symbols) == ("run", 7, ("He", "He"))
    np.testing.assert_allclose(restart.cell_a, np.diag([5, 5, 9]))
    assert restart.positions_a[1, 2] == 2.968
    for end in range(0, len(RESTART) - len(" &END FORCE_EVAL\n"), 13):
        path.write_text(RESTART[:end])
        with pytest.raises(InputError, match=r"restart"):
            read_restart(path)
