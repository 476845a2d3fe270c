"""One table of many analysed runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.analysis.export import rows_csv, run_rows
from epicarve.files import write_text

from .plot import spectra_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .plot import Source


def table(
    sources: Source | Sequence[Source],
    out: Path | str | None = None,
    *,
    labels: Sequence[str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Collect edges, gaps, traps and groups of analysed runs, a row each.

    Parameters
    ----------
    sources : folder, Analysis, or sequence of them
        As for `epicarve.plot`.
    out : Path or str, optional
        CSV file to write; nothing is written without it.
    labels : sequence of str, optional
        Names of the runs; those of their folders if not given.
    tell : callable, optional
        Is told the name of each folder before it is read.

    Returns
    -------
    list of dict
        One for each run, all with the same keys: the columns in docs/figures.md. What does not
        exist is None.

    Raises
    ------
    InputError
        If a run cannot be read, or there is not one label for each.
    """
    rows = run_rows(spectra_of(sources, labels, tell))
    if out is not None:
        write_text(Path(out), rows_csv(rows))
    return rows
