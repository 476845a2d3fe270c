"""Rules of a check on the self-consistent field: method, electrons, empty states, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from epicarve.dft.cp2k_input import CheckContext

NOISE = 1e-4
"""Largest EPS_DEFAULT in terms of EPS_SCF: noisier integrals may keep an SCF from converging."""

HOMO_INDEX_FIXED = "2024.2"
"""First version in which MO_INDEX_RANGE past the HOMO is right with OT."""


def check_scf_method(subject: CheckContext) -> None:
    """Check that OT stands alone: no diagonalisation, empty states, smearing or k-points."""
    scf = subject.scf
    if scf is None:
        return
    smear = scf.on("SMEAR")
    if smear is not None and scf.on("OT") is None and scf.number("ADDED_MOS") in {0.0, None}:
        subject.report.error(
            smear.line, "smearing needs empty states and ADDED_MOS is 0", "set ADDED_MOS in &SCF"
        )
    ot = scf.on("OT")
    if ot is None:
        return
    other = scf.on("DIAGONALIZATION")
    if other is not None:
        subject.report.error(
            other.line,
            f"&DIAGONALIZATION and &OT (line {ot.line.number}) exclude each other",
            "take out one of them: OT for an insulator's ground state, the other for empty states",
        )
    if scf.number("ADDED_MOS"):
        subject.report.error(
            scf.where("ADDED_MOS"),
            f"CP2K has no OT with ADDED_MOS (OT is in line {ot.line.number})",
            "take it out, and get the empty states by &DIAGONALIZATION in a run of their own",
        )
    if smear is not None:
        subject.report.error(
            smear.line,
            f"OT (line {ot.line.number}) keeps every state fully occupied and can't be smeared",
            "use &DIAGONALIZATION with &MIXING, or take out &SMEAR",
        )
    kpoints = subject.kpoints
    if kpoints is not None:
        subject.report.error(
            ot.line,
            f"CP2K has no OT with k-points (line {kpoints.line.number})",
            "use &DIAGONALIZATION with &MIXING, or take out &KPOINTS",
        )


def check_thresholds(subject: CheckContext) -> None:
    """Check that EPS_DEFAULT is far below EPS_SCF, the outer loop not tighter than the inner."""
    scf = subject.scf
    if scf is None or not subject.on_grid:
        return
    eps_scf = scf.number("EPS_SCF")
    qs = subject.force_eval.first("DFT", "QS")
    eps_default = (qs and qs.number("EPS_DEFAULT")) or 1e-10
    if eps_scf and eps_default > NOISE * eps_scf * 1.0001:
        subject.report.warn(
            qs.where("EPS_DEFAULT") if qs and qs.entry("EPS_DEFAULT") else scf.where("EPS_SCF"),
            f"EPS_DEFAULT {eps_default:g} is too coarse for EPS_SCF {eps_scf:g}: the noise of the "
            "integrals may keep the SCF from converging",
            f"set EPS_DEFAULT in &QS to {min(eps_scf**2, NOISE * eps_scf):.0e} or less",
        )
    outer = scf.on("OUTER_SCF")
    if outer is None or outer.value("TYPE") != "NONE":
        return
    eps_outer = outer.number("EPS_SCF")
    if eps_outer and eps_scf and eps_outer < 0.9999 * eps_scf:
        subject.report.warn(
            outer.where("EPS_SCF"),
            f"the outer loop asks for {eps_outer:g}, but each inner one ends at EPS_SCF "
            f"{eps_scf:g}",
            "give both the same EPS_SCF",
        )


def check_spin(subject: CheckContext) -> None:
    """Check that electrons, charge and multiplicity agree."""
    dft = subject.dft
    electrons = n_electrons(subject)
    if dft is None or not subject.on_grid:
        return
    multiplicity = int(dft.number("MULTIPLICITY") or 0)
    polarised = dft.value("UKS") is True or dft.value("ROKS") is True
    if not polarised and multiplicity > 1:
        subject.report.error(
            dft.where("MULTIPLICITY"),
            f"MULTIPLICITY {multiplicity} has no effect in a calculation without spin",
            "add UKS T, or take it out",
        )
        return
    if electrons is None:
        return
    smeared = subject.scf is not None and subject.scf.on("SMEAR") is not None
    if not polarised:
        if electrons % 2 and not smeared:
            subject.report.error(
                dft.where("CHARGE"),
                f"there are {electrons} electrons, an odd number, and no spin",
                "set CHARGE, or add UKS T",
            )
        return
    if multiplicity and (electrons + multiplicity - 1) % 2:
        subject.report.error(
            dft.where("MULTIPLICITY"),
            f"MULTIPLICITY {multiplicity} is impossible with {electrons} electrons",
            f"give an {'even' if electrons % 2 else 'odd'} one, or set CHARGE",
        )
    elif multiplicity - 1 > electrons:
        subject.report.error(
            dft.where("MULTIPLICITY"),
            f"MULTIPLICITY {multiplicity} needs {multiplicity - 1} electrons at least, there are "
            f"{electrons}",
            "give a smaller one",
        )


def check_empty_states(subject: CheckContext) -> None:
    """Check that the basis set has the empty states asked for."""
    scf, electrons = subject.scf, n_electrons(subject)
    if scf is None or electrons is None:
        return
    functions = n_functions(subject)
    added = scf.number("ADDED_MOS") or 0
    multiplicity = int((subject.dft.number("MULTIPLICITY") if subject.dft else 0) or 1)
    available = functions - (electrons + multiplicity) // 2 if functions else None
    if available is not None and added > available and scf.on("OT") is None:
        subject.report.warn(
            scf.where("ADDED_MOS"),
            f"{added:.0f} empty states are asked for, but the basis set has only {available}",
            f"set ADDED_MOS {available}, or -1 for all",
        )


def check_printed_states(subject: CheckContext) -> None:
    """Check that OT is not asked for orbitals past the highest occupied one."""
    scf, electrons = subject.scf, n_electrons(subject)
    if scf is None or electrons is None:
        return
    printed = subject.force_eval.on("DFT", "PRINT", "MO")
    if printed is None or scf.on("OT") is None or subject.version >= HOMO_INDEX_FIXED:
        return
    indices = [index for index in printed.values("MO_INDEX_RANGE") if isinstance(index, int)]
    if indices and max(indices) > (electrons + 1) // 2:
        subject.report.warn(
            printed.where("MO_INDEX_RANGE"),
            f"with OT, CP2K before {HOMO_INDEX_FIXED} gives wrong energies past the highest "
            f"occupied state, {(electrons + 1) // 2}",
            "get the empty states by &DIAGONALIZATION in a run of their own",
        )


def check_task(subject: CheckContext) -> None:
    """Check that what is asked for fits what RUN_TYPE does."""
    motion = subject.root.first("MOTION")
    for name in ("GEO_OPT", "CELL_OPT", "MD"):
        section = motion.first(name) if motion else None
        if section is not None and subject.run_type in {"ENERGY", "ENERGY_FORCE"}:
            subject.report.warn(
                section.line,
                f"&{name} has no effect: RUN_TYPE is {subject.run_type}",
                f"set RUN_TYPE {name} in &GLOBAL, or take the section out",
            )
    if subject.run_type == "CELL_OPT" and subject.force_eval.value("STRESS_TENSOR") == "NONE":
        subject.report.error(
            subject.force_eval.where("STRESS_TENSOR"),
            "RUN_TYPE CELL_OPT needs the stress tensor and STRESS_TENSOR is NONE",
            "add STRESS_TENSOR ANALYTICAL to &FORCE_EVAL",
        )
    if subject.is_quickstep and subject.dft is None:
        subject.report.error(
            subject.force_eval.line, "METHOD QUICKSTEP needs a &DFT section", "add it"
        )


def n_electrons(subject: CheckContext) -> int | None:
    """Return how many electrons the potentials and the charge give; None if that can't be told."""
    if subject.atoms is None or subject.dft is None or not subject.on_grid:
        return None
    per_label = {label: subject.electrons(label) for label in subject.kinds}
    if None in per_label.values():
        return None
    total = sum(per_label[label] or 0 for label in subject.atoms.labels) * subject.n_copies
    return total - int(subject.dft.number("CHARGE") or 0)


def n_functions(subject: CheckContext) -> int | None:
    """Return how many basis functions there are; None if that can't be told."""
    if subject.atoms is None:
        return None
    per_label = {label: subject.basis(label) for label in subject.kinds}
    known = {label: basis.functions for label, basis in per_label.items() if basis}
    if len(known) < len(per_label):
        return None
    return sum(known[label] for label in subject.atoms.labels) * subject.n_copies
