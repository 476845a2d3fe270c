"""What notebooks show of crystals, models, slabs and interfaces: a small table and a picture."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING

from epicarve.builder.carve import IonTable
from epicarve.builder.output import interfaces_figure, notes_of_model, picture
from epicarve.page import card
from epicarve.style import caption

from .view import View, view_of

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.interfaces import Interface, Slab
    from epicarve.builder.model import Model

PICTURE_DPI = 90


def card_of_crystal(crystal: Crystal) -> str:
    """Return table and picture of a unit cell."""
    a, b, c, alpha, beta, gamma = crystal.cell_parameters
    charges = (
        f"{symbol} {'/'.join(f'{charge:+d}' for charge in found)}"
        for symbol, found in crystal.charges_of.items()
    )
    rows = {
        "space group": crystal.space_group,
        "cell": f"{a:.4f} {b:.4f} {c:.4f} Å, {alpha:.2f} {beta:.2f} {gamma:.2f}°",
        "sites": crystal.n_sites,
        "charges": ", ".join(charges),
        "density": f"{crystal.density_g_cm3:.2f} g/cm³",
        "status": crystal.status,
        "source": crystal.source,
        "notes": "; ".join(crystal.notes),
    }
    return card(escape(crystal.name), rows, picture(_of_crystal(crystal)))


def card_of_model(model: Model) -> str:
    """Return table and picture of a model."""
    optimum = model.report.optimum
    rows = {
        "domains": ", ".join(model.domain_names),
        "ions": model.n_ions,
        "atoms": model.n_atoms if model.has_molecules else "",
        "diameter": f"{model.diameter_nm:.2f} nm",
        "net charge": f"{model.net_charge:+d} e",
        "dipole": f"{model.dipole_debye:.1f} debye",
        "surface ions": int(model.is_surface.sum()),
        "edits": len(model.edits) if model.report.structure is None else "",
        "proven gap": "" if optimum is None else f"{optimum.gap:.2%}",
        "notes": caption(notes_of_model(model)),
    }
    return card(escape(model.formula), rows, picture(IonTable.of(model)))


def card_of_slab(slab: Slab) -> str:
    """Return table and picture of a slab."""
    rows = {
        "domains": ", ".join(dict.fromkeys(slab.domains.tolist())),
        "ions": slab.n_atoms,
        "area": f"{slab.area_a2:.1f} Å²",
        "net charge": f"{slab.net_charge:+d} e",
        "symmetry": slab.report.symmetry or "",
    }
    return card(escape(slab.formula), rows, picture(_of_slab(slab)))


def card_of_interface(interface: Interface) -> str:
    """Return table and picture of an interface."""
    continuity = interface.continuity
    rows = {
        side: f"{face.crystal.name} ({' '.join(map(str, face.termination.hkl))}), ends on "
        f"{face.termination.layer}"
        for side, face in (("film", interface.film), ("substrate", interface.substrate))
    }
    rows |= {
        "area": f"{interface.cell.area_a2:.1f} Å²",
        "strain": f"{interface.cell.max_strain:.2%}",
        "matched fraction": f"{continuity.matched_fraction:.2f}",
        "gap": f"{interface.gap_a:.2f} Å",
    }
    buffer = io.BytesIO()
    interfaces_figure([interface]).savefig(buffer, dpi=PICTURE_DPI, metadata={"Software": None})
    heading = f"{interface.film.crystal.name} on {interface.substrate.crystal.name}"
    return card(escape(heading), rows, buffer.getvalue())


def view_of_crystal(crystal: Crystal) -> View:
    """Return the unit cell as a page to turn."""
    atoms = crystal.atoms
    told = [
        f"{symbol} {number}, {charge:+d}"
        for number, (symbol, charge) in enumerate(
            zip(atoms.symbols.tolist(), atoms.charges.tolist(), strict=True), start=1
        )
    ]
    return view_of(_of_crystal(crystal), crystal.name, told)


def view_of_model(model: Model) -> View:
    """Return a model as a page to turn; what an ion is stands beside the pointer."""
    columns = (model.symbols, model.domains, model.coordination, model.bulk_coordination)
    told = [
        f"{symbol} {number}, {domain}, bonds {now} of {bulk}"
        for number, (symbol, domain, now, bulk) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True), start=1
        )
    ]
    return view_of(IonTable.of(model), model.formula, told)


def view_of_slab(slab: Slab) -> View:
    """Return one cell of a slab as a page to turn."""
    ions = zip(slab.symbols.tolist(), slab.domains.tolist(), strict=True)
    told = [f"{symbol} {k}, {domain}" for k, (symbol, domain) in enumerate(ions, start=1)]
    return view_of(_of_slab(slab), slab.formula, told)


def _of_crystal(crystal: Crystal) -> IonTable:
    atoms = crystal.atoms
    return IonTable(atoms.symbols, atoms.charges, atoms.fractional @ crystal.cell_a)


def _of_slab(slab: Slab) -> IonTable:
    return IonTable(slab.symbols, slab.charges, slab.positions_a)
