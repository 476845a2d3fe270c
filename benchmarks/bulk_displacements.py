"""How far GFN1-xTB moves the ions of each bundled crystal: templates/xtb/bulk-displacements.csv.

Run as ``python benchmarks/bulk_displacements.py [NAME ...]``; with names, only these lines are made
anew. Ten minutes on one free core.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.dft.bulk_displacement import bulk_displacement
from epicarve.errors import InputError

TABLE = Path(__file__).parents[1] / "templates" / "xtb" / "bulk-displacements.csv"


def main() -> None:
    """Relax the crystals and write the table."""
    names = sys.argv[1:] or list(bundled_names())
    rows = {}
    if TABLE.is_file():
        with TABLE.open(encoding="utf-8", newline="") as stream:
            rows = {row["crystal"]: row for row in csv.DictReader(stream)}
    for name in names:
        try:
            found = bulk_displacement(bundled_crystal(name)).as_dict()
        except InputError as error:
            print(error, flush=True)
            continue
        rows[name] = found | {"converged": str(found["converged"]).lower()}
        print(rows[name], flush=True)
        with TABLE.open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, list(rows[name]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows[known] for known in sorted(rows))


if __name__ == "__main__":
    main()
