"""Rules of a check on methods that CP2K can't combine, or of which it leaves out what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from epicarve.dft.cp2k_input import auxiliary_basis

if TYPE_CHECKING:
    from epicarve.dft.cp2k_input import CheckContext, Section

EXCHANGE_AT_KPOINTS = "2024.1"
"""First version with exact exchange and its auxiliary basis set (ADMM) at k-points."""

MOMENT_KEPT = "2025.2"
"""First version that smears at k-points with a fixed magnetic moment."""

HUBBARD_AT_KPOINTS = "2026.2"
"""First version with DFT+U at k-points."""

PROJECTED_AT_KPOINTS = "2026.2"
"""First version that projects the states of k-points."""

GRID_MIXING = {
    "KERKER_MIXING",
    "PULAY_MIXING",
    "BROYDEN_MIXING",
    "BROYDEN_MIXING_NEW",
    "MULTISECANT_MIXING",
    "NEW_PULAY_MIXING",
    "MODIFIED_BROYDEN_MIXING",
}
"""Ways to mix that take the density on a grid, or in tight binding the charges."""

OF_ORBITALS = {"BASIS_PROJECTION": {"MO_DIAG", "MO_NO_DIAG"}}
"""Purifications of ADMM that need OT, by the method that they go with."""

NOT_AT_KPOINTS = {"OT": "OT", "LANCZOS": "Block Krylov", "DAVIDSON": "Davidson"}
"""Algorithms of &DIAGONALIZATION that CP2K has at the Γ point only."""


class Left(NamedTuple):
    """Sections of &DFT / &PRINT that CP2K leaves out, the version that does not, the remedy."""

    names: tuple[str, ...]
    since: str
    remedy: str


SUPERCELL = "compute a supercell at the Γ point, or take it out"
AT_KPOINTS = (
    Left(("MOMENTS",), "2026.1", SUPERCELL),
    Left(("PDOS", "LOWDIN"), PROJECTED_AT_KPOINTS, SUPERCELL),
    Left(("MO_MOLDEN", "MO_CUBES", "STM", "WFN_MIX", "CHARGEMOL"), "never", SUPERCELL),
)
"""What CP2K leaves out at k-points."""

OF_ORBITAL_FREE = Left(
    ("PDOS", "DOS", "MO", "MO_MOLDEN", "MO_CUBES", "STM", "LOCALIZE"),
    "never",
    "use &OT or &DIAGONALIZATION in place of LS_SCF, or take it out",
)
"""What CP2K leaves out with linear scaling, which knows no orbitals."""


def check_kpoint_methods(subject: CheckContext) -> None:
    """Check that what is combined with k-points is something that CP2K computes at them."""
    kpoints, dft = subject.kpoints, subject.dft
    if kpoints is None or dft is None:
        return
    at = f"(line {kpoints.line.number})"
    hybrid = dft.first("XC", "HF")
    if hybrid is not None and hybrid.value("FRACTION") != 0.0:
        if subject.version < EXCHANGE_AT_KPOINTS:
            _refuse(subject, hybrid, f"CP2K has no exact exchange with k-points {at}")
        elif hybrid.on("RI") is None:
            subject.report.error(
                hybrid.line,
                f"CP2K has exact exchange with k-points {at} only by resolution of the identity",
                "add &RI to &HF, or compute a supercell at the Γ point",
            )
    admm = dft.first("AUXILIARY_DENSITY_MATRIX_METHOD")
    if admm is not None and subject.version < EXCHANGE_AT_KPOINTS:
        _refuse(subject, admm, f"CP2K has no ADMM with k-points {at}")
    for kind in subject.force_eval.all("SUBSYS", "KIND"):
        hubbard = kind.on("DFT_PLUS_U")
        lowdin = dft.value("PLUS_U_METHOD") == "LOWDIN"
        if hubbard is not None and (subject.version < HUBBARD_AT_KPOINTS or lowdin):
            _refuse(subject, hubbard, f"CP2K has no DFT+U with k-points {at}")
            break
    scf = subject.scf
    if scf is None:
        return
    diagonalization = scf.on("DIAGONALIZATION")
    algorithm = str(diagonalization.value("ALGORITHM")) if diagonalization else ""
    if diagonalization is not None and algorithm in NOT_AT_KPOINTS:
        subject.report.error(
            diagonalization.where("ALGORITHM"),
            f"CP2K has no {NOT_AT_KPOINTS[algorithm]} diagonalisation with k-points {at}",
            "set ALGORITHM STANDARD",
        )
    smear = scf.on("SMEAR")
    if smear is None:
        return
    moment = smear.number("FIXED_MAGNETIC_MOMENT")
    if smear.value("METHOD") in {"ENERGY_WINDOW", "LIST"}:
        subject.report.error(
            smear.where("METHOD"),
            f"CP2K has no METHOD {smear.value('METHOD')} of smearing with k-points {at}",
            "set METHOD FERMI_DIRAC",
        )
    elif moment is not None and moment > 0.0 and subject.version < MOMENT_KEPT:
        subject.report.error(
            smear.where("FIXED_MAGNETIC_MOMENT"),
            f"CP2K before {MOMENT_KEPT} can't keep the moment with k-points {at}",
            "take it out, or compute a supercell at the Γ point",
        )


def check_printing(subject: CheckContext) -> None:
    """Check that what is to be printed is something that the method gives."""
    qs = subject.force_eval.first("DFT", "QS")
    if not subject.is_quickstep or subject.dft is None:
        return
    if subject.kpoints is not None:
        why = f"with k-points (line {subject.kpoints.line.number}) CP2K"
        for left in AT_KPOINTS:
            _tell_left(subject, left, f"{why} before {left.since}" if left.since[0] == "2" else why)
    if qs is not None and qs.value("LS_SCF") is True:
        _tell_left(subject, OF_ORBITAL_FREE, f"with LS_SCF (line {qs.where('LS_SCF').number}) CP2K")
    if qs is not None and subject.is_semiempirical:
        remedy = "use GFN1-xTB or a density functional, or take it out"
        why = f"with METHOD {qs.value('METHOD')} CP2K"
        _tell_left(subject, Left(("PDOS",), "never", remedy), why)


def check_mixing(subject: CheckContext) -> None:
    """Check that a diagonalisation mixes densities in a way that its method knows."""
    scf, dft = subject.scf, subject.dft
    if scf is None or dft is None or not subject.diagonalises:
        return
    mixing = scf.on("MIXING")
    method = str(mixing.value("METHOD")) if mixing else "DIRECT_P_MIXING"
    if mixing is not None and method == "NONE":
        subject.report.error(
            mixing.where("METHOD"),
            "CP2K does not diagonalise without mixing",
            "set METHOD BROYDEN_MIXING and ALPHA 0.2, or use &OT",
        )
    if mixing is None or method not in GRID_MIXING:
        return
    if subject.is_semiempirical:
        qs = subject.force_eval.first("DFT", "QS")
        subject.report.error(
            mixing.where("METHOD"),
            f"CP2K has no {method} with METHOD {qs.value('METHOD') if qs else ''}",
            "set METHOD DIRECT_P_MIXING, or use &OT",
        )
    elif dft.value("ROKS") is True:
        subject.report.error(
            mixing.where("METHOD"),
            f"CP2K crashes where ROKS (line {dft.where('ROKS').number}) is diagonalised with "
            f"{method}",
            "set METHOD DIRECT_P_MIXING, use &OT, or UKS in place of ROKS",
        )


def check_restricted(subject: CheckContext) -> None:
    """Check that ROKS stands with what CP2K combines it with."""
    dft, scf = subject.dft, subject.scf
    if dft is None or scf is None or dft.value("ROKS") is not True:
        return
    where = f"ROKS (line {dft.where('ROKS').number})"
    smear, diagonalization = scf.on("SMEAR"), scf.on("DIAGONALIZATION")
    if smear is not None and scf.on("OT") is None:
        subject.report.error(
            smear.line, f"CP2K has no smearing with {where}", "use UKS in place of ROKS"
        )
    if diagonalization is not None and diagonalization.value("ALGORITHM") in {"OT", "LANCZOS"}:
        subject.report.error(
            diagonalization.where("ALGORITHM"),
            f"CP2K has no ALGORITHM {diagonalization.value('ALGORITHM')} with {where}",
            "set ALGORITHM STANDARD",
        )
    ot = scf.on("OT")
    if ot is not None and ot.value("ROTATION") is not True:
        subject.report.error(
            ot.line,
            f"OT does not rotate the orbitals, which {where} needs",
            "add ROTATION T to &OT",
        )
    admm = dft.first("AUXILIARY_DENSITY_MATRIX_METHOD")
    if admm is not None and ot is not None:
        subject.report.error(
            admm.line, f"CP2K has no ADMM with {where} and OT", "use UKS in place of ROKS"
        )


def check_auxiliary(subject: CheckContext) -> None:
    """Check that ADMM has its basis sets and a purification that fits."""
    dft, scf = subject.dft, subject.scf
    admm = dft.first("AUXILIARY_DENSITY_MATRIX_METHOD") if dft else None
    if dft is None or admm is None or not subject.on_grid:
        return
    if dft.first("XC", "HF") is not None:
        for label, kind in subject.kinds.items():
            if kind is not None and not auxiliary_basis(kind) and not _made_by_cp2k(dft, kind):
                subject.report.error(
                    kind.line,
                    f"{label} has no auxiliary basis set, and ADMM (line {admm.line.number}) "
                    "needs one",
                    "add BASIS_SET AUX_FIT with its name, for instance one of BASIS_ADMM_UZH",
                )
                break
    if admm.value("ADMM_TYPE") not in {None, "NONE"}:
        method, purification = _of_type(str(admm.value("ADMM_TYPE")))
    else:
        method, purification = (
            str(admm.value("METHOD")),
            str(admm.value("ADMM_PURIFICATION_METHOD")),
        )
    line = admm.where("ADMM_PURIFICATION_METHOD")
    of_orbitals = purification in OF_ORBITALS["BASIS_PROJECTION"]
    default = "" if admm.entry("ADMM_PURIFICATION_METHOD") else ", CP2K's default,"
    if of_orbitals and scf is not None and scf.on("OT") is None:
        subject.report.error(
            line,
            f"ADMM's purification {purification}{default} needs OT",
            "set ADMM_PURIFICATION_METHOD NONE, or use &OT",
        )
    elif of_orbitals and method not in OF_ORBITALS:
        subject.report.error(
            line,
            f"ADMM's purification {purification}{default} needs METHOD BASIS_PROJECTION",
            "set ADMM_PURIFICATION_METHOD NONE",
        )
    elif method == "CHARGE_CONSTRAINED_PROJECTION" and purification != "NONE":
        subject.report.error(
            line,
            f"METHOD {method} of ADMM goes with no purification, {purification} is set",
            "set ADMM_PURIFICATION_METHOD NONE",
        )
    elif subject.kpoints is not None and purification != "NONE":
        subject.report.error(
            line,
            f"ADMM's purification {purification}{default} does not go with k-points",
            "set ADMM_PURIFICATION_METHOD NONE",
        )


def check_dispersion(subject: CheckContext) -> None:
    """Check that a pair potential of dispersion is used, and knows its functional."""
    potential = subject.force_eval.first("DFT", "XC", "VDW_POTENTIAL")
    pair = potential.first("PAIR_POTENTIAL") if potential else None
    if potential is None or pair is None or not subject.is_quickstep:
        return
    if potential.value("POTENTIAL_TYPE") != "PAIR_POTENTIAL":
        subject.report.warn(
            pair.line,
            f"&PAIR_POTENTIAL has no effect: POTENTIAL_TYPE is {potential.value('POTENTIAL_TYPE')}",
            "set POTENTIAL_TYPE PAIR_POTENTIAL in &VDW_POTENTIAL",
        )
        return
    form = str(pair.value("TYPE"))
    own = {"DFTD2": "SCALING", "DFTD3": "D3_SCALING", "DFTD3(BJ)": "D3BJ_SCALING"}.get(form)
    if own and not pair.entry("REFERENCE_FUNCTIONAL") and not pair.entry(own):
        functional = subject.force_eval.first("DFT", "XC", "XC_FUNCTIONAL")
        names = {*functional.children, *functional.parameter} if functional else set()
        subject.report.error(
            pair.where("TYPE"),
            f"{form} needs to know whose functional's parameters to take",
            f"add REFERENCE_FUNCTIONAL {'PBE' if 'PBE' in names else 'and its name, such as PBE'}",
        )


def _refuse(subject: CheckContext, section: Section, message: str) -> None:
    subject.report.error(section.line, message, "take out one of them, or compute a supercell")


def _tell_left(subject: CheckContext, left: Left, why: str) -> None:
    if subject.version >= left.since:
        return
    for name in left.names:
        section = subject.force_eval.on("DFT", "PRINT", name)
        if section is not None:
            subject.report.warn(section.line, f"{why} leaves out &{name}", left.remedy)


def _made_by_cp2k(dft: Section, kind: Section) -> bool:
    """Whether CP2K is told to make the auxiliary basis set itself."""
    entries = [*dft.entries.get("AUTO_BASIS", ()), *kind.entries.get("AUTO_BASIS", ())]
    return any("AUX_FIT" in map(str, entry.values) for entry in entries)


def _of_type(name: str) -> tuple[str, str]:
    """Return method and purification of ADMM that a published variant stands for."""
    if name == "ADMM1":
        return "BASIS_PROJECTION", "MO_DIAG"
    return ("BASIS_PROJECTION" if name == "ADMM2" else "CHARGE_CONSTRAINED_PROJECTION"), "NONE"
