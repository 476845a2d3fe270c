"""An interface of two crystals: faces, coincidence cell, registry, gap, and its scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.builder.interfaces.match import StrainRule, common_cell

from .boundary import Boundary
from .contact_limits import contact_limits_a
from .contacts import CONTACT_DEPTH_A, contact_gap_a, tightest_contact
from .continuity import Continuity, meeting_cations
from .plane import spacings_of_a
from .polarity import Polarity
from .translations import nearest_squared_a2, registry_lattice_a

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms
    from numpy.typing import ArrayLike
    from pymatgen.core.structure import Structure

    from epicarve.arrays import Floats
    from epicarve.builder.interfaces.match import CoincidenceCell

    from .contacts import Contact
    from .continuity import Side
    from .face import Face
    from .slab import Slab, SlabOptions

    Direction = tuple[float, float, float]
    from epicarve.builder.interfaces.match import CommonCell

    from .stack import Stack

PROBE_A = 0.25
"""How far, in Å, registry and gap are changed to see how much the continuity depends on them."""

PROBE_DIRECTIONS = 8


@dataclass(frozen=True, repr=False)
class Interface:
    """A film on a substrate, both strained into one cell, periodic in the plane z = 0.

    The substrate lies below, the film above.

    Parameters
    ----------
    film, substrate : Face
        The two faces that meet.
    cell : CoincidenceCell
        The supercells that lie on each other.
    strain_rule : StrainRule
        Who gives way.
    shift_a : tuple of float
        Translation (x, y, z) of the film in Å from where both cuts meet at z = 0.
    continued : {"film", "substrate"}
        Whose cation lattice is continued for the score.
    """

    film: Face
    substrate: Face
    cell: CoincidenceCell
    strain_rule: StrainRule
    shift_a: tuple[float, float, float]
    continued: Side

    def __repr__(self) -> str:
        film, substrate = (
            f"{face.crystal.name} ({' '.join(map(str, face.termination.hkl))}) "
            f"{face.termination.layer}"
            for face in (self.film, self.substrate)
        )
        strain = f"{self.cell.max_strain:.1%}"
        return (
            f"Interface({film} on {substrate}, {self.cell.area_a2:.1f} Å², strain {strain}, "
            f"matched {self.continuity.matched_fraction:.2f}, gap {self.gap_a:.2f} Å)"
        )

    def _repr_html_(self) -> str:
        """Return a small table and a picture, for notebooks."""
        from epicarve.builder.notebook import card_of_interface  # noqa: PLC0415  (it draws, with matplotlib)

        return card_of_interface(self)

    @property
    def film_hkl(self) -> tuple[int, int, int]:
        """Miller indices of the film's face, along its outward normal."""
        return self.film.termination.hkl

    @property
    def substrate_hkl(self) -> tuple[int, int, int]:
        """Miller indices of the substrate's face, along its outward normal."""
        return self.substrate.termination.hkl

    @property
    def film_termination(self) -> str:
        """Formula of the outermost layer of the film."""
        return self.film.termination.layer

    @property
    def substrate_termination(self) -> str:
        """Formula of the outermost layer of the substrate."""
        return self.substrate.termination.layer

    def slab(self, options: SlabOptions | Mapping[str, Any] | None = None) -> Slab:
        """Return a neutral slab of the interface in vacuum; see `build_slab`.

        Parameters
        ----------
        options : SlabOptions or dict, optional
            Thicknesses, vacuum, symmetry, such as ``{"film_thickness_a": 15}``.
        """
        from .slab import SlabOptions, build_slab  # noqa: PLC0415  (it takes interfaces)

        return build_slab(self, SlabOptions.given(options, "slab: options"))

    def to_ase(self) -> Atoms:
        """Return a slab of the interface as ASE Atoms; see `slab` for other thicknesses."""
        return self.slab().to_ase()

    def to_pymatgen(self) -> Structure:
        """Return a slab of the interface as pymatgen Structure; see `slab`."""
        return self.slab().to_pymatgen()

    @cached_property
    def common(self) -> CommonCell:
        """The lattice that both sides share, and the strain of each."""
        return self._common_cell(self.strain_rule)

    @cached_property
    def boundary(self) -> Boundary:
        """The cations that meet, the film's as they lie where both cuts meet at z = 0."""
        return self._boundary(self.common)

    @cached_property
    def continuity(self) -> Continuity:
        """How far the cations of both sides are one subnetwork."""
        return self.boundary.continuity(self.shift_a)

    def sides(self, film_depth_a: float, substrate_depth_a: float) -> tuple[Stack, Stack]:
        """Return film and substrate in the common cell, in place, down to a depth below each cut.

        Parameters
        ----------
        film_depth_a, substrate_depth_a : float
            Depths in Å.
        """
        film, substrate = self._in_cell(
            self.common,
            self.film.ions(film_depth_a).flipped(),
            self.substrate.ions(substrate_depth_a),
        )
        return film.shifted(self.shift_a), substrate

    @cached_property
    def contact(self) -> Contact:
        """The pair of ions across the interface that is tightest as measured by the bulk."""
        return tightest_contact(*self._contact_sides, self._limits_a)

    @cached_property
    def vacuum_a(self) -> float:
        """How far in Å the film could sink, at this registry, until ions touch."""
        return -float(contact_gap_a(*self._contact_sides, self._limits_a))

    @cached_property
    def gap_a(self) -> float:
        """Distance in Å between the outermost cations of both sides along the normal."""
        film = self.film.outermost_cations(0.0).positions_a[0, 2]
        substrate = self.substrate.outermost_cations(0.0).positions_a[0, 2]
        return float(self.shift_a[2] - film - substrate)

    @cached_property
    def registry_lattice_a(self) -> Floats:
        """Translations of the film in Å that change nothing, as two rows, shape (2, 2)."""
        return self.boundary.registry_lattice_a

    def registry_distance_a(self, shift_a: ArrayLike) -> float:
        """Return how far, in Å, another translation (x, y) of the film is from this registry."""
        away = np.asarray(shift_a, dtype=float) - self.shift_a[:2]
        return float(np.sqrt(nearest_squared_a2(away, self.registry_lattice_a)))

    def moved(self, by_a: Sequence[float]) -> Interface:
        """Return the interface with the film moved by (x, y, z) in Å."""
        x, y, z = (one + other for one, other in zip(self.shift_a, by_a, strict=True))
        return replace(self, shift_a=(x, y, z))

    def at_registry(self, shift_a: ArrayLike) -> Interface:
        """Return the interface with the film translated by (x, y) in Å, at the height that follows.

        Its cations lie as high as the layer of sites that they continue, or as much higher as
        contacts of 90 % of the bulk's demand.
        """
        x, y = np.asarray(shift_a, dtype=float).tolist()
        film, substrate = self.boundary.film, self.boundary.substrate
        z = float(substrate.positions_a[:, 2].mean() - film.positions_a[:, 2].mean())
        laid = replace(self, shift_a=(x, y, z))
        return laid.moved((0.0, 0.0, max(0.0, -laid.vacuum_a)))

    @property
    def polarity(self) -> Polarity:
        """The charges that both faces turn to each other."""
        return Polarity.of(self.film.termination, self.substrate.termination)

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts the most continuous first, of equal ones those last whose charges repel.

        Then by rms, cuts without a dipole before polar ones, whose energy grows with every
        layer (Tasker, J. Phys. C 1979, 12, 4977), and area, strain and vacuum, smallest first.
        """
        return (*self.rank_without_energy, round(self.vacuum_a, 3))

    @property
    def rank_without_energy(self) -> tuple[float, ...]:
        """The rank but for the vacuum: interfaces that agree in it an energy can tell apart."""
        fraction, rms_a = self.continuity.rank
        size = (round(self.cell.area_a2, 3), round(self.cell.max_strain, 6))
        polarity = self.polarity
        return (fraction, float(polarity.repels), rms_a, float(polarity.is_polar), *size)

    @cached_property
    def sensitivity(self) -> dict[str, dict[str, list[Any]]]:
        """The ranges of matched fraction and rms when one thing is changed.

        ``registry``: the film moved by 0.25 Å in eight directions of the plane; ``gap``: by 0.25 Å
        up and down; ``strain``: the strain given to the film, to the substrate, or to both by
        halves. Each holds the smallest and the largest value of ``matched_fraction`` and of
        ``rms_a`` (None where nothing matches), those of this interface included.
        """
        angles = 2.0 * np.pi * np.arange(PROBE_DIRECTIONS) / PROBE_DIRECTIONS
        around = np.stack([np.cos(angles), np.sin(angles), np.zeros(PROBE_DIRECTIONS)], axis=1)
        upright = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
        rules = [
            self.strain_rule.model_copy(update={"fixed": side})
            for side in ("substrate", "film", "split")
            if side != self.strain_rule.fixed
        ]
        here = np.array(self.shift_a)
        return {
            "registry": self._ranges(self.boundary.scores(here + PROBE_A * around)),
            "gap": self._ranges(self.boundary.scores(here + PROBE_A * upright)),
            "strain": self._ranges(*(self._restrained_scores(rule) for rule in rules)),
        }

    @property
    def matched_range(self) -> tuple[float, float]:
        """Smallest and largest matched fraction when registry, gap or strain change a bit."""
        ranges = [changed["matched_fraction"] for changed in self.sensitivity.values()]
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    @property
    def film_directions(self) -> tuple[Direction, Direction]:
        """Lattice vectors [uvw] of the film that span the cell, along those of the substrate.

        In units of its conventional cell: halves and thirds occur where that is centred.
        """
        return _vectors(self.cell.film_matrix * [1, -1] @ self.film.directions)

    @property
    def substrate_directions(self) -> tuple[Direction, Direction]:
        """Lattice vectors [uvw] of the substrate that span the cell."""
        return _vectors(self.cell.substrate_matrix @ self.substrate.directions)

    def as_dict(self) -> dict[str, Any]:
        """Return the content of one entry of interface.json."""
        film, substrate = self.film.termination, self.substrate.termination
        x, y, z = self.shift_a
        return {
            "film": self.film.crystal.name,
            "substrate": self.substrate.crystal.name,
            "film_hkl": list(self.film_hkl),
            "substrate_hkl": list(self.substrate_hkl),
            "film_termination": self.film_termination,
            "substrate_termination": self.substrate_termination,
            "film_termination_charge_e_per_nm2": film.charge_e_per_nm2,
            "substrate_termination_charge_e_per_nm2": substrate.charge_e_per_nm2,
            "polarity": self.polarity.charges.as_dict(),
            "film_cut_a": film.offset_a,
            "substrate_cut_a": substrate.offset_a,
            "area_a2": self.cell.area_a2,
            "film_directions": [list(uvw) for uvw in self.film_directions],
            "substrate_directions": [list(uvw) for uvw in self.substrate_directions],
            "rotation_deg": self.cell.rotation_deg,
            "strain": {
                "fixed": self.strain_rule.fixed,
                "film": self.common.film_strain.tolist(),
                "substrate": self.common.substrate_strain.tolist(),
            },
            "registry": {"shift_a": [x, y], "lattice_a": self.common.lattice_a.tolist()},
            "gap_a": self.gap_a,
            "lift_a": z,
            "continuity": {
                **self.continuity.figures.as_dict(),
                "range": list(self.matched_range),
                "sensitivity": self.sensitivity,
            },
            "shortest_contact": self.contact.closest.as_dict(),
            "vacuum_a": self.vacuum_a if np.isfinite(self.vacuum_a) else None,
        }

    @cached_property
    def _limits_a(self) -> dict[frozenset[str], float]:
        return contact_limits_a(self.film.crystal, self.substrate.crystal)

    @cached_property
    def _contact_sides(self) -> tuple[Stack, Stack]:
        return self.sides(CONTACT_DEPTH_A, CONTACT_DEPTH_A)

    @cached_property
    def _cations(self) -> tuple[Stack, Stack]:
        """The cations that meet, of each side in its own lattice, the film's upside down."""
        on_film, spacing_a = self.continued == "film", self._spacings_a[self.continued]
        film = meeting_cations(self.film, is_continued=on_film, spacing_a=spacing_a)
        substrate = meeting_cations(self.substrate, is_continued=not on_film, spacing_a=spacing_a)
        return film.flipped(), substrate

    @cached_property
    def _spacings_a(self) -> dict[Side, float]:
        return spacings_of_a(self.film.crystal, self.substrate.crystal)

    def _common_cell(self, rule: StrainRule) -> CommonCell:
        film, substrate = self._cations
        return common_cell(self.cell, film.lattice_a, substrate.lattice_a, rule)

    def _boundary(self, common: CommonCell) -> Boundary:
        """Return the cations that meet, under any strain rule."""
        finer = registry_lattice_a(
            common.lattice_a, self.cell.film_matrix, self.cell.substrate_matrix
        )
        sides = self._in_cell(common, *self._cations)
        return Boundary(*sides, self.continued, self._spacings_a, finer)

    def _in_cell(self, common: CommonCell, film: Stack, substrate: Stack) -> tuple[Stack, Stack]:
        """Bring stacks in their own lattices, the film's turned upside down, to a common one."""
        return (
            film.supercell(self.cell.film_matrix).deformed(common.film_deformation),
            substrate.supercell(self.cell.substrate_matrix).deformed(common.substrate_deformation),
        )

    def _restrained_scores(self, rule: StrainRule) -> tuple[Floats, ...]:
        """Return the scores under another strain rule, at the same registry of the cell."""
        other = self._common_cell(rule)
        x, y = self.shift_a[:2] @ np.linalg.solve(self.common.lattice_a, other.lattice_a)
        return self._boundary(other).scores(np.array([[x, y, self.shift_a[2]]]))

    def _ranges(self, *scores: tuple[Floats, ...]) -> dict[str, list[Any]]:
        """Return the smallest and the largest of some scores and those of this interface."""
        here = self.boundary.scores(np.array([self.shift_a]))
        fractions, rms = (np.concatenate(each) for each in zip(here, *scores, strict=True))
        rms = rms[fractions > 0.0]
        return {
            "matched_fraction": [float(fractions.min()), float(fractions.max())],
            "rms_a": [float(rms.min()), float(rms.max())] if len(rms) else [None, None],
        }


def _vectors(directions: Floats) -> tuple[Direction, Direction]:
    """Return two lattice vectors [uvw] as plain numbers, whole ones as integers."""
    (a, b, c), (d, e, f) = (
        [int(x) if x.is_integer() else x for x in row] for row in directions.round(6).tolist()
    )
    return (a, b, c), (d, e, f)
