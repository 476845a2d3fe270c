"""Conversion factors between the units that stand in names (CODATA 2018)."""

EV_PER_HARTREE = 27.211386245988
"""Electronvolt in one hartree."""

A_PER_BOHR = 0.529177210903
"""Ångström in one bohr."""

A_PER_NM = 10.0
"""Ångström in one nanometre."""

DEBYE_PER_E_A = 4.803204712570263
"""Debye in one elementary charge times ångström."""

COULOMB_V_A = 14.3996454784255
"""Potential in volt at 1 Å from one elementary charge, e/(4πε₀)."""

J_M2_PER_EV_A2 = 16.02176634
"""J/m² in one eV/Å²."""
