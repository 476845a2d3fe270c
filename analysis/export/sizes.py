"""The tables of a series of sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .run_table import rows_csv

if TYPE_CHECKING:
    from epicarve.analysis.states import SizeSeries


def sizes_csv(series: SizeSeries) -> str:
    """Return one line per particle, the smallest first.

    Parameters
    ----------
    series : SizeSeries
        The particles.

    Returns
    -------
    str
        Comma-separated values: the fields of `SizePoint`, ``inverse_square_nm2`` after the
        diameter, ``filter``, and the gap that each fit gives at the diameter. What does not exist
        is empty.
    """
    return rows_csv(size_rows(series))


def size_rows(series: SizeSeries) -> list[dict[str, Any]]:
    """Return each particle as plain data; see `sizes_csv`."""
    fits = {fit.gap == "HOMO-LUMO gap": fit for fit in series.fits}
    rows = []
    for point in series.points:
        row: dict[str, Any] = {}
        for key, value in vars(point).items():
            row[key] = round(value, 6) if isinstance(value, float) else value
            if key == "diameter_nm":
                row["inverse_square_nm2"] = round(point.diameter_nm**-2, 6)
        row["filter"] = series.filter_told
        for is_plain, name in (
            (True, "fitted_homo_lumo_gap_ev"),
            (False, "fitted_filtered_gap_ev"),
        ):
            fit = fits.get(is_plain)
            row[name] = None if fit is None else round(fit.at(point.diameter_nm), 6)
        rows.append(row)
    return rows


def fits_csv(series: SizeSeries) -> str:
    """Return one line per fit, its columns the fields of `Confinement`."""
    return rows_csv([fit.as_dict() for fit in series.fits])
