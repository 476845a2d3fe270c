"""Chooses the colours of the elements in templates/styles/colours.yaml.

Run as ``python docs/make_colours.py``; it needs colorspacious. Each element gets the colour nearest
to that of Jmol (as ASE has it) that lies far enough from those of the elements it meets: at least
`APART` in CAM02-UCS from all that share a bundled crystal or one of `SEMICONDUCTORS` with it, and
`FROM_ANIONS` from the common anions, each for the usual colour vision and for the three kinds of
colour blindness (Machado et al., IEEE TVCG 2009, 15, 1291, severity 100 %), and `DISTINCT` from all
others for the usual one. The six elements of the
study keep their colours. Elements are taken in the order of the number of others that they meet, so
the result is the same each time.
"""

from __future__ import annotations

import re
from itertools import combinations, product
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols
from ase.data.colors import jmol_colors
from colorspacious import cspace_convert

from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.style import colours

SEMICONDUCTORS = """
    SiC SiGe GaAs InP CdSe CdS CdTe ZnS ZnSe ZnTe ZnO HgTe HgSe PbSe PbTe GaN AlN InN InAs InSb GaP
    GaSb AlAs AlSb CuInS2 CuInSe2 CuGaSe2 CuGaS2 AgInS2 AgBiS2 AgBiSe2 Cu2ZnSnS4 CsPbI3 CsSnI3
    Cs2AgBiBr6 Bi2Te3 Bi2Se3 Sb2Se3 Sb2S3 SnS SnSe TiO2 Cu2O FeS2 MoS2 WSe2 SrTiO3 BiOCl CeO2
"""
ANIONS = ("H", "C", "N", "O", "F", "P", "S", "Cl", "Se", "Br", "Te", "I")
APART, FROM_ANIONS, DISTINCT, FROM_WHITE = 16.0, 9.0, 5.0, 20.0
TABLE = Path(__file__).parents[1] / "templates" / "styles" / "colours.yaml"
KINDS = ("protanomaly", "deuteranomaly", "tritanomaly")
STUDY = ("Pb", "S", "Cl", "Cs", "Br", "I")


def seen(rgb: np.ndarray) -> np.ndarray:
    """Return the places of colours (n, 3) in CAM02-UCS for each kind of vision: (4, n, 3)."""
    views = [rgb]
    for kind in KINDS:
        space = {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}
        views.append(np.clip(cspace_convert(rgb, space, "sRGB1"), 0.0, 1.0))
    return np.stack([cspace_convert(view, "sRGB1", "CAM02-UCS") for view in views])


def rgb_of(text: str) -> list[float]:
    """Return red, green and blue from 0 to 1."""
    return [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def meetings() -> dict[str, dict[str, float]]:
    """Return for each element the least distance from those that it meets."""
    elements = chemical_symbols[1:104]
    apart: dict[str, dict[str, float]] = {symbol: {} for symbol in elements}
    for one, other in product(elements, ANIONS):
        if one != other:
            apart[one][other] = apart[other][one] = FROM_ANIONS
    compounds = [set(re.findall("[A-Z][a-z]?", name)) for name in SEMICONDUCTORS.split()]
    compounds += [set(bundled_crystal(name).atoms.symbols.tolist()) for name in bundled_names()]
    for compound in compounds:
        for one, other in combinations(sorted(compound), 2):
            apart[one][other] = apart[other][one] = APART
    return apart


def chosen(palette: str) -> dict[str, str]:
    """Return the colour of each element."""
    steps = np.linspace(0.0, 1.0, 18)
    grid = np.array(list(product(steps, repeat=3)))
    places = seen(grid)
    white = np.linalg.norm(places - seen(np.ones((1, 3))), axis=2).min(axis=0)
    grid, places = grid[white >= FROM_WHITE], places[:, white >= FROM_WHITE]
    apart = meetings()
    fixed = {symbol: colours(palette)["elements"][symbol] for symbol in STUDY}
    found = {symbol: seen(np.array([rgb_of(text)])) for symbol, text in fixed.items()}
    names = dict(fixed)
    strong = {s: sum(d == APART for d in apart[s].values()) for s in apart}
    order = sorted(
        (s for s in apart if s not in fixed), key=lambda s: (s not in ANIONS, -strong[s])
    )
    for symbol in order:
        wanted = seen(jmol_colors[chemical_symbols.index(symbol)][None])
        far = np.linalg.norm(places - wanted, axis=2)[0]
        others = np.concatenate(list(found.values()), axis=1)[0]
        nearest = np.linalg.norm(places[0][:, None] - others, axis=2).min(axis=1)
        margin = nearest / DISTINCT
        for other, least in apart[symbol].items():
            if other in found:
                gaps = np.linalg.norm(places - found[other], axis=2).min(axis=0)
                margin = np.minimum(margin, gaps / least)
        best = int(np.argmin(np.where(margin >= 1.0, far, 1e3 + 1e3 * (1.0 - margin))))
        found[symbol] = places[:, best : best + 1]
        names[symbol] = "#" + "".join(f"{round(255 * c):02x}" for c in grid[best])
    return {symbol: names[symbol] for symbol in apart}


def lines_of(palette: str) -> str:
    """Return the block of elements of a palette in colours.yaml, six in a line."""
    found = chosen(palette)
    parts = [f'"{symbol}": "{text}"' for symbol, text in found.items()]  # No is a word of YAML
    rows = [", ".join(parts[i : i + 6]) for i in range(0, len(parts), 6)]
    return "  elements: {\n    " + ",\n    ".join(rows) + "}\n"


if __name__ == "__main__":
    text = TABLE.read_text(encoding="utf-8")
    blocks = iter([lines_of(palette) for palette in ("study", "safe")])
    text = re.sub(r"  elements:.*\n(?:    .*\n)+", lambda _: next(blocks), text)
    TABLE.write_text(text, encoding="utf-8")
