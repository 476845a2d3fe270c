"""The numbers of an analysis, as they stand in summary.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.options import N_IPR_OF_1S_ENVELOPE
from epicarve.analysis.states import (
    SIDES,
    Check,
    checks_of_states,
    missing_plain,
    plain_fields,
    rounded,
    sensible_thresholds,
    spin_orbit_checks,
)
from epicarve.version import __version__

from .light import band_fields_of, checks_of_light, missing_light, transition_fields
from .verdicts import checks_of_verdicts, missing_verdicts, verdict_fields

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions
    from epicarve.analysis.states import (
        Alignment,
        Analysis,
        Coop,
        FilteredGap,
        Gap,
        GapBand,
        Plateau,
        Profile,
        Share,
        Spectrum,
        Traps,
    )
    from epicarve.dft.weighed_states import WeighedStates


def summarise(analysis: Analysis, provenance: dict[str, Any] | None = None) -> dict[str, Any]:
    """Collect what an analysis found under the keys that scripts rely on.

    Parameters
    ----------
    analysis : Analysis
        The results.
    provenance : dict, optional
        What is known of the origin of the states; added to what they say themselves.

    Returns
    -------
    dict
        Energies in eV rounded to 1e-6. A number that does not exist is None, and an entry of
        ``checks`` bears its dotted name and says why. A check has ``name``, ``ok`` and ``message``.
    """
    states, gap, options = analysis.states, analysis.gap, analysis.options
    return {
        **plain_fields(states),
        **particle_fields(analysis.spectrum),
        "ipr_max": options.ipr_max,
        "filtered": filtered_fields(gap.filtered),
        "size_aware": filtered_fields(gap.size_aware),
        "size_aware_band": band_fields(gap.band),
        "threshold_scan": [
            {"ipr_max": step.limit, **filtered_fields(step)} for step in analysis.threshold_scan
        ],
        "plateau": plateau_fields(analysis.plateau),
        "without_spin_orbit": _uncoupled_fields(analysis.uncoupled),
        "edge_filter": "filtered" if gap.delocalised is gap.filtered else "size_aware",
        "traps": {side: _trap_fields(analysis.traps, side) for side in SIDES},
        "domains": {
            name: {
                "valence_edge_ev": rounded(domain.valence_edge_ev),
                "conduction_edge_ev": rounded(domain.conduction_edge_ev),
            }
            for name, domain in analysis.edges.items()
        },
        "groups": {
            name: {
                "n_atoms": analysis.sites.n_in_group(name),
                "valence_edge_ev": rounded(group.valence_edge_ev),
                "conduction_edge_ev": rounded(group.conduction_edge_ev),
            }
            for name, group in analysis.group_edges.items()
        },
        "alignment": alignment_fields(analysis.alignment),
        "alignment_variants": verdict_fields(analysis),
        "profile": _profile_fields(analysis.profile),
        "overlap_populations": _coop_fields(analysis.coop),
        "transitions": transition_fields(analysis.absorption, analysis.traps),
        "bands": {bands.zone.name: band_fields_of(bands) for bands in analysis.bands},
        "checks": [check.as_dict() for check in checks_of(analysis)],
        "provenance": provenance_fields(
            states, options, {**analysis.provenance, **(provenance or {})}
        ),
    }


def checks_of(analysis: Analysis) -> list[Check]:
    """Return what bears on how far results can be trusted, and why numbers do not exist."""
    return [
        *checks_of_states(analysis.states),
        *spin_orbit_checks(analysis.states.symbols, analysis.uncoupled),
        *_checks_of_results(analysis),
        *_missing_numbers(analysis),
    ]


def provenance_fields(
    states: WeighedStates, options: AnalysisOptions, further: dict[str, Any] | None
) -> dict[str, Any]:
    """Return where states are from and what was asked for."""
    return {
        "version": __version__,
        "states": states.source,
        "caveat": states.caveat,
        "options": _options_fields(options),
        **(further or {}),
    }


def _options_fields(options: AnalysisOptions) -> dict[str, Any]:
    """Return what was asked for; files by their names, as their folders are of one machine."""
    told = options.model_dump(mode="json", exclude_none=True)
    for holder, key in [
        (told["figures"], "style"),
        *((each, "file") for each in told["groups"].values() if isinstance(each, dict)),
    ]:
        if key in holder:
            holder[key] = Path(holder[key]).name
    return told


RARELY_TOLD = {
    "vacuum_ev",
    "transitions.velocity_strength_sum",
    "transitions.velocity_ratio",
}
"""Numbers that few runs tell, so that nothing is amiss without them."""


def particle_fields(spectrum: Spectrum) -> dict[str, Any]:
    """Return what the states are of, the vacuum level, and what must stand under figures."""
    diameter_nm = spectrum.diameter_nm
    return {
        "n_atoms": spectrum.n_atoms,
        "formula": spectrum.formula,
        "diameter_nm": None if diameter_nm is None else round(diameter_nm, 4),
        "vacuum_ev": rounded(spectrum.vacuum_ev),
        "notes": list(spectrum.notes),
    }


def missing_of_particle(spectrum: Spectrum) -> dict[str, str]:
    """Give the reasons of what `particle_fields` lack."""
    reasons = {
        "diameter_nm": "it is not known where the atoms are, or they are those of a periodic cell",
        "vacuum_ev": "energies count from vacuum in runs of CP2K without periodic images, in "
        "the cell and in the Poisson equation (&POISSON PERIODIC NONE), and this is none that "
        "is known to be so",
    }
    return {name: why for name, why in reasons.items() if getattr(spectrum, name) is None}


def filtered_fields(gap: FilteredGap) -> dict[str, Any]:
    """Return the edges, the gap and the traps that a filter leaves, energies in eV."""
    return {
        "valence_edge_ev": rounded(gap.valence_edge_ev),
        "conduction_edge_ev": rounded(gap.conduction_edge_ev),
        "gap_ev": rounded(gap.gap_ev),
        "n_valence_traps": gap.n_valence_traps,
        "n_conduction_traps": gap.n_conduction_traps,
    }


def band_fields(band: GapBand) -> dict[str, Any]:
    """Return the size-aware gap at both ends of its band of thresholds, and their difference."""
    return {
        **{
            name: {"n_ipr_max": end.limit, **filtered_fields(end)}
            for name, end in (("strict", band.strict), ("loose", band.loose))
        },
        "span_ev": rounded(band.span_ev),
    }


def _uncoupled_fields(gap: Gap | None) -> dict[str, Any]:
    """Return the gaps without spin-orbit coupling in eV, of states that have it."""
    if gap is None:
        return {}
    return {
        "homo_ev": rounded(gap.homo_ev),
        "lumo_ev": rounded(gap.lumo_ev),
        "homo_lumo_gap_ev": rounded(gap.homo_lumo_gap_ev),
        "filtered": filtered_fields(gap.filtered),
        "size_aware": filtered_fields(gap.size_aware),
    }


def plateau_fields(found: Plateau | None) -> dict[str, Any]:
    """Return the range of thresholds of the plateau and the gap on it."""
    return {
        "ipr_from": None if found is None else found.ipr_from,
        "ipr_to": None if found is None else found.ipr_to,
        "gap_ev": None if found is None else rounded(found.gap_ev),
    }


def alignment_fields(alignment: Alignment) -> dict[str, Any]:
    """Return the type of an alignment, its offsets and margin in eV."""
    return {
        "type": alignment.type,
        "valence_offset_ev": rounded(alignment.valence_offset_ev),
        "conduction_offset_ev": rounded(alignment.conduction_offset_ev),
        "margin_ev": rounded(alignment.margin_ev),
    }


def _trap_fields(traps: Traps, side: str) -> dict[str, Any]:
    """Return how many traps of one side sit on which kind of atoms, and a sentence that says so."""
    unknown = side in traps.reasons
    return {
        "n_traps": None if unknown else len(traps.of_side(side)),
        "kinds": [
            {"n_traps": n, **(_share_fields(traps.share_of(side, kind)) if kind else {})}
            for kind, n in traps.kinds(side).items()
        ],
        "shares": [_share_fields(share) for share in traps.shares.get(side, ())],
        "sentence": traps.sentence(side),
    }


def _share_fields(share: Share) -> dict[str, Any]:
    """Return a kind of atoms, what it holds of the traps and of all states, and their ratio."""
    return {
        **{field: _number(value) for field, value in share.kind},
        "share": rounded(share.share),
        "base_share": rounded(share.base_share),
        "enrichment": rounded(share.enrichment),
    }


def _number(value: str) -> str | int:
    return int(value) if value.isdecimal() else value


def _coop_fields(coop: Coop | None) -> list[dict[str, Any]]:
    """Return the overlap population of each pair of groups: whole, in the HOMO, in the LUMO."""
    if coop is None:
        return []
    columns = {"icoop": coop.icoop, "homo": coop.homo, "lumo": coop.lumo}
    return [
        {
            "groups": list(pair),
            **{
                name: None if values is None else rounded(float(values[i]))
                for name, values in columns.items()
            },
        }
        for i, pair in enumerate(coop.pairs)
    ]


def _profile_fields(profile: Profile | None) -> dict[str, Any] | None:
    """Return the axis of the profile in space and the band edges of each slice."""
    if profile is None:
        return None
    rows = zip(
        profile.borders_a[:-1].tolist(),
        profile.borders_a[1:].tolist(),
        profile.n_atoms.tolist(),
        profile.valence_edge_ev.tolist(),
        profile.conduction_edge_ev.tolist(),
        strict=True,
    )
    normal = profile.axis.normal
    return {
        "axis": profile.axis.kind,
        "normal": None if normal is None else [round(x, 6) + 0.0 for x in normal],
        "slices": [
            {
                "from_a": round(below, 6),
                "to_a": round(above, 6),
                "n_atoms": n_atoms,
                "valence_edge_ev": None if np.isnan(valence) else rounded(valence),
                "conduction_edge_ev": None if np.isnan(conduction) else rounded(conduction),
            }
            for below, above, n_atoms, valence, conduction in rows
        ],
    }


def _checks_of_results(analysis: Analysis) -> list[Check]:
    """Tell what bears on how far the gap and its threshold can be trusted."""
    gap, found, limit = analysis.gap, analysis.plateau, analysis.options.ipr_max
    n_atoms = analysis.states.n_atoms
    envelope = min(1.0, N_IPR_OF_1S_ENVELOPE / n_atoms)
    fits = limit >= envelope
    checks = [
        Check(
            "ipr_max",
            fits,
            f"a 1S envelope over {n_atoms} atoms has an IPR of {envelope:.3g}, "
            + (
                f"below the threshold {limit:g}"
                if fits
                else f"so the threshold {limit:g} is too strict at this size; read size_aware"
            ),
        )
    ]
    if gap.band.span_ev is not None:
        strict, loose = gap.band.strict, gap.band.loose
        checks.append(
            Check(
                "size_aware_band",
                gap.band.span_ev <= analysis.options.broadening_ev,
                f"the size-aware gap goes from {strict.gap_ev:.3f} to {loose.gap_ev:.3f} eV for "
                f"thresholds on N·IPR from {strict.limit:g} to {loose.limit:g}: it is known to "
                f"{gap.band.span_ev:.2g} eV",
            )
        )
    if found is not None:
        on_plateau = found.holds(limit)
        checks.append(
            Check(
                "plateau_holds_ipr_max",
                on_plateau,
                f"the gap stays within {analysis.options.broadening_ev:g} eV of {found.gap_ev:.3f} "
                f"eV for thresholds from {found.ipr_from:.4g} to {found.ipr_to:.4g}, and "
                f"{limit:g} is {'one' if on_plateau else 'none'} of them",
            )
        )
    if gap.delocalised is not gap.filtered:
        checks.append(
            Check(
                "edge_filter",
                False,
                f"at the threshold {limit:g} no state is left at a side of the gap, so traps and "
                "the edges of domains and slices are those of the size-aware filter",
            )
        )
    checks += checks_of_verdicts(analysis)
    checks += checks_of_light(analysis)
    if analysis.model is not None and analysis.sites.reason:
        checks.append(Check("sites", False, analysis.sites.reason))
    return checks


def _missing_numbers(analysis: Analysis) -> list[Check]:
    """Give the reason of each None, under its dotted name."""
    gap, edges, alignment = analysis.gap, analysis.edges, analysis.alignment
    reasons = missing_plain(analysis.states) | missing_of_particle(analysis.spectrum)
    for name, filtered in (
        ("filtered", gap.filtered),
        ("size_aware", gap.size_aware),
        ("size_aware_band.strict", gap.band.strict),
        ("size_aware_band.loose", gap.band.loose),
    ):
        for side, reason in (
            ("valence", filtered.valence_reason),
            ("conduction", filtered.conduction_reason),
        ):
            if reason:
                reasons[f"{name}.{side}_edge_ev"] = reason
                reasons[f"{name}.n_{side}_traps"] = reason
                known = reasons.get(f"{name}.gap_ev")
                reasons[f"{name}.gap_ev"] = f"{known}, and {reason}" if known else reason
    if gap.band.span_ev is None:
        reasons["size_aware_band.span_ev"] = "there is no gap at one end of the band at least"
    reasons |= _missing_in_space(analysis) | _missing_populations(analysis.coop)
    reasons |= missing_verdicts(analysis.verdicts)
    reasons |= missing_light(analysis.absorption)
    for key, each in (("domains", edges), ("groups", analysis.group_edges)):
        for name, domain in each.items():
            for side, which, edge in (
                ("valence", "occupied", domain.valence_edge_ev),
                ("conduction", "empty", domain.conduction_edge_ev),
            ):
                if edge is None:
                    reasons[f"{key}.{name}.{side}_edge_ev"] = (
                        f"no delocalised {which} state belongs to {name}"
                    )
    if not edges:
        reasons["domains"] = "no model was given that names domains"
    for field in ("type", "valence_offset_ev", "conduction_offset_ev", "margin_ev"):
        if getattr(alignment, field) is None:
            reasons[f"alignment.{field}"] = alignment.reason
    return [Check(name, name in RARELY_TOLD, reason) for name, reason in reasons.items()]


def _missing_populations(coop: Coop | None) -> dict[str, str]:
    """Give the reasons of what overlap populations lack."""
    if coop is None:
        return {}
    reasons = {
        "icoop": (
            coop.icoop,
            "the lowest states were left out, so no overlap population of all occupied ones is "
            "known",
        ),
        "homo": (coop.homo, "there is no occupied state"),
        "lumo": (coop.lumo, "there is no empty state"),
    }
    return {
        f"overlap_populations.{name}": reason
        for name, (values, reason) in reasons.items()
        if values is None
    }


def _missing_in_space(analysis: Analysis) -> dict[str, str]:
    """Give the reasons of what traps, plateau and profile lack."""
    reasons = {f"traps.{side}.n_traps": why for side, why in analysis.traps.reasons.items()}
    if analysis.plateau is None:
        low, high = sensible_thresholds(analysis.states.n_atoms, analysis.options.n_ipr_band[1])
        reason = f"no threshold from {low:.3g} to {high:.3g} leaves a state at both sides of a gap"
        if low >= high:
            reason = (
                f"of {analysis.states.n_atoms} atoms even the most delocalised state sits on a "
                "handful, so there is no range of thresholds to look at"
            )
        names = ("plateau.ipr_from", "plateau.ipr_to", "plateau.gap_ev")
        reasons |= dict.fromkeys(names, reason)
    if analysis.profile is None:
        reasons["profile"] = "it is not known where the atoms are, or they are those of a cell"
        return reasons
    if analysis.profile.axis.normal is None:
        reasons["profile.normal"] = (
            "there is no flat interface between two domains of a model, so slices are shells"
        )
    for side in SIDES:
        n_without = int(np.isnan(getattr(analysis.profile, f"{side}_edge_ev")).sum())
        if n_without:
            reasons[f"profile.slices.{side}_edge_ev"] = (
                f"{n_without} of {len(analysis.profile.n_atoms)} slices have no delocalised "
                f"{'occupied' if side == 'valence' else 'empty'} state present in them"
            )
    return reasons
