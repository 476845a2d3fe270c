"""epicarve analyse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from epicarve.errors import InputError

from .figure_options import figure_options
from .terminal import AsJson, charges_of, print_json, progress


@figure_options("overlaid", "per_atom")
def analyse(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with output of CP2K.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT", help="Folder to write to; DIR if not given."),
    ] = None,
    *,
    ipr_max: Annotated[
        float | None, typer.Option(help="States of a larger IPR are traps (0.03 by default).")
    ] = None,
    n_ipr_max: Annotated[
        float | None,
        typer.Option(help="Threshold of the size-aware filter, on N·IPR (11.3 by default)."),
    ] = None,
    broadening: Annotated[
        float | None,
        typer.Option(
            metavar="EV", help="Standard deviation of the Gaussian of each state, in eV (0.1)."
        ),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Group the atoms by a column of model.extxyz too."),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ATOMS",
            help="Own group: 1-40,55 (from 1), Pb, Pb<6, r<0.8nm, z>0.3nm, interface<0.5nm, "
            "domain:PbS, joined by &, or file:PATH[:COLUMN]; can be repeated.",
        ),
    ] = None,
    hdf5: Annotated[bool, typer.Option("--hdf5", help="Write analysis.h5 as well.")] = False,
    states: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=2, help="Weigh only N orbitals of each spin, around the gap."
        ),
    ] = None,
    weights: Annotated[
        str, typer.Option(help="Weights made of orbitals: lowdin, which are CP2K's, or mulliken.")
    ] = "lowdin",
    coop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B",
            help="Overlap populations (COOP) between two groups, such as Pb,S; can be repeated.",
        ),
    ] = None,
    orbitals: Annotated[
        bool,
        typer.Option("--orbitals", help="Draw the orbitals at the edges too (of a .wfn file)."),
    ] = False,
    spin_orbit: Annotated[
        bool | None,
        typer.Option(
            "--spin-orbit/--no-spin-orbit",
            help="Add spin-orbit coupling (of a .wfn file, closed shell).",
        ),
    ] = None,
    transitions: Annotated[
        bool | None,
        typer.Option(
            "--transitions/--no-transitions",
            help="Oscillator strengths, absorption, bright traps (of a .wfn file).",
        ),
    ] = None,
    bands: Annotated[
        bool | None,
        typer.Option(
            "--bands/--no-bands",
            help="Bands along the path of each crystal's Brillouin zone (of a .wfn file).",
        ),
    ] = None,
    bulk_bands: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CRYSTAL=]FILE",
            help="Bulk bands to draw over them, CP2K's .bs file; can be repeated.",
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Project of CP2K, where DIR holds several."),
    ] = None,
    step: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Step of an optimisation or dynamics; the last if not given.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Model of the states, where DIR holds none: model.extxyz, or coordinates.",
        ),
    ] = None,
    charges: Annotated[
        str | None,
        typer.Option(help="Charges of those coordinates, as in Pb=2,S=-2; guessed if not given."),
    ] = None,
    as_json: AsJson = False,
    figures: dict[str, Any],
) -> None:
    """Turn CP2K output into states, DOS, IPR, traps and gap; needs no recipe."""
    with progress("analyse"):
        from epicarve.workflow.tasks.analyse import analyse_folder

        pairs = None if coop is None else [_pair(text) for text in coop]
        analysis = analyse_folder(
            folder,
            ipr_max=ipr_max,
            n_ipr_max=n_ipr_max,
            broadening_ev=broadening,
            group_by=group_by,
            groups=None if group is None else _groups(group),
            n_states=states,
            weights=weights,
            overlap_populations=pairs,
            orbitals=orbitals,
            spin_orbit=spin_orbit,
            transitions=transitions,
            bands=bands,
            bulk_bands=None if bulk_bands is None else _bulk(bulk_bands),
            project=project,
            step=step,
            model=model,
            oxidation_states=charges_of(charges, "--charges"),
            figures=figures,
        )
        summary = analysis.write(out or folder, hdf5=hdf5)
    if as_json:
        print_json(summary)
    else:
        from .results import print_results

        print_results(analysis, out or folder)


def _pair(text: str) -> tuple[str, str]:
    """Part the names of two groups at the comma."""
    first, comma, second = (part.strip() for part in text.partition(","))
    if not (first and comma and second) or "," in second:
        raise InputError(f"--coop {text}: name two groups with a comma between, as in --coop Pb,S")
    return first, second


def _bulk(texts: list[str]) -> dict[str, str] | str:
    """Part names of crystals and files at the first equals sign; one file may stand alone."""
    if len(texts) == 1 and "=" not in texts[0]:
        return texts[0]
    found: dict[str, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not (name and equals and path) or name in found:
            raise InputError(
                f"--bulk-bands {text}: name each crystal once, with its file, as in PbS=bands.bs"
            )
        found[name] = path
    return found


def _groups(texts: list[str]) -> dict[str, Any]:
    """Part names and choices of atoms at the first equals sign."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, choice = (part.strip() for part in text.partition("="))
        if not (name and equals and choice) or name in found:
            raise InputError(
                f"--group {text}: name each group once, with its atoms, as in --group rim=1-40"
            )
        found[name] = _file(choice[5:]) if choice.startswith("file:") else choice
    return found


def _file(text: str) -> dict[str, str]:
    """Part a path from the column that follows the ending of extended XYZ."""
    path, colon, column = text.rpartition(":")
    if colon and path.lower().endswith("xyz"):
        return {"file": path, "column": column}
    return {"file": text}
