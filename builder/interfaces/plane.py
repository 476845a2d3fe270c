"""The faces of a plane as the search meets them: ions behind each, and cations that meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .contacts import CONTACT_DEPTH_A
from .continuity import cation_spacing_a, meeting_cations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal

    from .continuity import Side
    from .face import Face
    from .stack import Stack


@dataclass(frozen=True)
class Plane:
    """The faces of a plane, with their ions and cations, of the film upside down.

    Parameters
    ----------
    faces : tuple of Face
        The faces, of one plane of one crystal.
    stacks : tuple of dict
        Of each face, "ions" behind it, and the cations that meet those of the other side when the
        lattice of "film" or "substrate" is continued.
    """

    faces: tuple[Face, ...]
    stacks: tuple[dict[str, Stack], ...]

    @classmethod
    def of(cls, faces: tuple[Face, ...], side: Side, spacings_a: Mapping[Side, float]) -> Plane:
        """Return the faces as those of film or substrate, given both mean cation spacings."""
        stacks = []
        for face in faces:
            every = {"ions": face.ions(CONTACT_DEPTH_A)}
            for continued, spacing_a in spacings_a.items():
                every[continued] = meeting_cations(
                    face, is_continued=continued == side, spacing_a=spacing_a
                )
            if side == "film":
                every = {what: stack.flipped() for what, stack in every.items()}
            stacks.append(every)
        return cls(faces, tuple(stacks))

    @property
    def hkl(self) -> tuple[int, int, int]:
        """Miller indices."""
        return self.faces[0].termination.hkl

    @property
    def lattice_a(self) -> Floats:
        """Lattice vectors of the plane in Å, shape (2, 2)."""
        return self.stacks[0]["ions"].lattice_a


def spacings_of_a(film: Crystal, substrate: Crystal) -> dict[Side, float]:
    """Return the mean cation spacings of film and substrate in Å."""
    return {"film": cation_spacing_a(film), "substrate": cation_spacing_a(substrate)}
