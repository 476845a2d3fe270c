"""Bundled crystals for tests that try many: one of each structure type, those of single ions."""

from epicarve.builder.library import bundled_crystal, bundled_names

SINGLE_IONS = tuple(name for name in bundled_names() if not bundled_crystal(name).molecules)
"""All without molecules."""

STRUCTURE_TYPES = (
    "Cs2PbCl4",
    "CsPb2Cl5",
    "CsPbBr3",
    "CsPbBr3-Pnma",
    "CsPbCl3",
    "CsPbCl3-Pnma",
    "CsPbI3-delta",
    "CdSe",
    "Pb3S2Cl2",
    "Pb3S2Cl2-I213",
    "Pb3S2Cl2-X1X3",
    "Pb4S3Br2",
    "Pb4S3Cl2",
    "Pb4S3I2",
    "PbCl2",
    "PbS",
    "TiO2-anatase",
    "ZnO",
)
"""One of each type, and all of the study."""
