"""Short CIFs for tests."""

LENGTHS = ("a", "b", "c")
ANGLES = ("alpha", "beta", "gamma")


def cif_text(cell, sites, head="", columns=(), types=True):
    """A CIF of a cell (a, b, c, α, β, γ) and sites: a line of each, with further columns."""
    lines = ["data_x", *(line for line in head.split("\n") if line)]
    lines += [f"_cell_length_{axis} {value}" for axis, value in zip(LENGTHS, cell, strict=False)]
    lines += [f"_cell_angle_{axis} {value}" for axis, value in zip(ANGLES, cell[3:], strict=False)]
    lines += ["loop_", "_atom_site_label"]
    lines += ["_atom_site_type_symbol"] if types else []
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    lines += [f"_atom_site_{column}" for column in columns]
    return "\n".join([*lines, *sites]) + "\n"


def cubic(a):
    return (a, a, a, 90, 90, 90)


def tetragonal(a, c):
    return (a, a, c, 90, 90, 90)


def hexagonal(a, c):
    return (a, a, c, 90, 90, 120)


def named(symbol):
    return f"_symmetry_space_group_name_H-M '{symbol}'"


GALENA = cubic(5.936)
LEAD_SULFIDE = ("Pb1 Pb 0 0 0", "S1 S 0.5 0.5 0.5")


def galena(head=None, sites=LEAD_SULFIDE, **more):
    """Lead sulfide, a = 5.936 Å, in F m -3 m if no other head is given."""
    return cif_text(GALENA, sites, named("F m -3 m") if head is None else head, **more)
