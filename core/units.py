"""Conversion factors between the units that stand in names (CODATA 2018); how numbers are told."""

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


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it.

    Examples
    --------
    >>> duration(40), duration(400), duration(40000)
    ('40 s', '7 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def two_digits(value: float) -> str:
    """Return a number in two digits, or all those before the point.

    Examples
    --------
    >>> two_digits(0.0293), two_digits(12.4), two_digits(330.0), two_digits(4321.0)
    ('0.029', '12', '330', '4,321')
    """
    return f"{value:,.0f}" if value >= 10.0 else f"{value:.2g}"
