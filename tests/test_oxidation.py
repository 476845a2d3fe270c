import re
import warnings

import numpy as np
import pytest

from epicarve.builder.cif import read_cif
from epicarve.builder.crystal import Crystal, Sites, guess_charges, guesses
from epicarve.errors import GuessWarning, InputError

ACCEPTED = """
AuCl Au+1 Cl-1; AuCl3 Au+3 Cl-1; Au2O3 Au+3 O-2; PtCl2 Pt+2 Cl-1; PtO2 Pt+4 O-2; OsO4 Os+8 O-2;
TcO2 Tc+4 O-2; PuO2 Pu+4 O-2; NpO2 Np+4 O-2; AmO2 Am+4 O-2; PaO2 Pa+4 O-2; RaCl2 Ra+2 Cl-1;
LiF Li+1 F-1; NaCl Na+1 Cl-1; KBr K+1 Br-1; RbI Rb+1 I-1; CsCl Cs+1 Cl-1; AgCl Ag+1 Cl-1;
AgI Ag+1 I-1; CuCl Cu+1 Cl-1; CuI Cu+1 I-1; CuBr2 Cu+2 Br-1; TlBr Tl+1 Br-1; TlCl3 Tl+3 Cl-1;
InI In+1 I-1; InCl3 In+3 Cl-1; CaF2 Ca+2 F-1; BaCl2 Ba+2 Cl-1; PbCl2 Pb+2 Cl-1; PbI2 Pb+2 I-1;
PbF4 Pb+4 F-1; SnI2 Sn+2 I-1; SnI4 Sn+4 I-1; CdI2 Cd+2 I-1; HgI2 Hg+2 I-1; Hg2Cl2 Hg+1 Cl-1;
BiI3 Bi+3 I-1; SbI3 Sb+3 I-1; LaF3 La+3 F-1; CeF4 Ce+4 F-1; CrCl2 Cr+2 Cl-1; CrCl3 Cr+3 Cl-1;
FeCl2 Fe+2 Cl-1; FeCl3 Fe+3 Cl-1; MnF2 Mn+2 F-1; NiBr2 Ni+2 Br-1; EuCl2 Eu+2 Cl-1;
UF4 U+4 F-1; ZrCl4 Zr+4 Cl-1; MgO Mg+2 O-2; CaO Ca+2 O-2; ZnO Zn+2 O-2; CdO Cd+2 O-2;
NiO Ni+2 O-2; CoO Co+2 O-2; MnO Mn+2 O-2; FeO Fe+2 O-2; CuO Cu+2 O-2; Cu2O Cu+1 O-2;
Ag2O Ag+1 O-2; PbO Pb+2 O-2; PbO2 Pb+4 O-2; SnO Sn+2 O-2; SnO2 Sn+4 O-2; HgO Hg+2 O-2;
PdO Pd+2 O-2; EuO Eu+2 O-2; TiO Ti+2 O-2; VO V+2 O-2; TiO2 Ti+4 O-2; ZrO2 Zr+4 O-2;
HfO2 Hf+4 O-2; CeO2 Ce+4 O-2; ThO2 Th+4 O-2; UO2 U+4 O-2; UO3 U+6 O-2; MnO2 Mn+4 O-2;
VO2 V+4 O-2; CrO2 Cr+4 O-2; RuO2 Ru+4 O-2; IrO2 Ir+4 O-2; GeO2 Ge+4 O-2; SiO2 Si+4 O-2;
TeO2 Te+4 O-2; PrO2 Pr+4 O-2; Al2O3 Al+3 O-2; Ga2O3 Ga+3 O-2; In2O3 In+3 O-2; Tl2O3 Tl+3 O-2;
Tl2O Tl+1 O-2; Fe2O3 Fe+3 O-2; Cr2O3 Cr+3 O-2; Mn2O3 Mn+3 O-2; V2O3 V+3 O-2; Ti2O3 Ti+3 O-2;
Y2O3 Y+3 O-2; La2O3 La+3 O-2; Ce2O3 Ce+3 O-2; Eu2O3 Eu+3 O-2; Gd2O3 Gd+3 O-2; Lu2O3 Lu+3 O-2;
Yb2O3 Yb+3 O-2; Bi2O3 Bi+3 O-2; Sb2O3 Sb+3 O-2; As2O3 As+3 O-2; B2O3 B+3 O-2; V2O5 V+5 O-2;
Nb2O5 Nb+5 O-2; Ta2O5 Ta+5 O-2; Sb2O5 Sb+5 O-2; WO3 W+6 O-2; MoO3 Mo+6 O-2; MoO2 Mo+4 O-2;
WO2 W+4 O-2; ReO3 Re+6 O-2; CrO3 Cr+6 O-2; Li2O Li+1 O-2; Na2O Na+1 O-2; Na2O2 Na+1 O-1;
BaO2 Ba+2 O-1; Rh2O3 Rh+3 O-2; PbS Pb+2 S-2; PbSe Pb+2 Se-2; PbTe Pb+2 Te-2; SnS Sn+2 S-2;
SnSe Sn+2 Se-2; SnTe Sn+2 Te-2; GeS Ge+2 S-2; GeTe Ge+2 Te-2; GeS2 Ge+4 S-2; SnS2 Sn+4 S-2;
SnSe2 Sn+4 Se-2; ZnS Zn+2 S-2; ZnSe Zn+2 Se-2; ZnTe Zn+2 Te-2; CdS Cd+2 S-2; CdSe Cd+2 Se-2;
CdTe Cd+2 Te-2; HgS Hg+2 S-2; HgSe Hg+2 Se-2; HgTe Hg+2 Te-2; Ag2S Ag+1 S-2; Ag2Se Ag+1 Se-2;
Ag2Te Ag+1 Te-2; Cu2S Cu+1 S-2; Cu2Se Cu+1 Se-2; MnS Mn+2 S-2; EuS Eu+2 S-2; SmS Sm+2 S-2;
In2S3 In+3 S-2; In2Se3 In+3 Se-2; Ga2S3 Ga+3 S-2; Bi2S3 Bi+3 S-2; Bi2Se3 Bi+3 Se-2;
Bi2Te3 Bi+3 Te-2; Sb2S3 Sb+3 S-2; Sb2Se3 Sb+3 Se-2; Sb2Te3 Sb+3 Te-2; As2S3 As+3 S-2;
MoS2 Mo+4 S-2; WS2 W+4 S-2; WSe2 W+4 Se-2; MoTe2 Mo+4 Te-2; WTe2 W+4 Te-2; ZrS2 Zr+4 S-2;
HfSe2 Hf+4 Se-2; TiS2 Ti+4 S-2; TaS2 Ta+4 S-2; NbSe2 Nb+4 Se-2; PtS2 Pt+4 S-2; PtS Pt+2 S-2;
SiS2 Si+4 S-2; La2S3 La+3 S-2; Tl2Se Tl+1 Se-2; CaS Ca+2 S-2; BaTe Ba+2 Te-2; Li2S Li+1 S-2;
NiS Ni+2 S-2; FeS Fe+2 S-2; BN B+3 N-3; BP B+3 P-3; BAs B+3 As-3; AlN Al+3 N-3; GaN Ga+3 N-3;
InN In+3 N-3; AlP Al+3 P-3; GaP Ga+3 P-3; InP In+3 P-3; AlAs Al+3 As-3; GaAs Ga+3 As-3;
InAs In+3 As-3; AlSb Al+3 Sb-3; GaSb Ga+3 Sb-3; InSb In+3 Sb-3; Zn3P2 Zn+2 P-3;
Cd3P2 Cd+2 P-3; Cd3As2 Cd+2 As-3; Zn3As2 Zn+2 As-3; Mg3N2 Mg+2 N-3; Ca3N2 Ca+2 N-3;
Li3N Li+1 N-3; Si3N4 Si+4 N-3; Ge3N4 Ge+4 N-3; TiN Ti+3 N-3; ScN Sc+3 N-3; LaN La+3 N-3;
CrN Cr+3 N-3; Zn3N2 Zn+2 N-3; Cu3N Cu+1 N-3; Ta3N5 Ta+5 N-3; Mg3Sb2 Mg+2 Sb-3;
Mg3Bi2 Mg+2 Bi-3; Th3P4 Th+4 P-3; Mg2Si Mg+2 Si-4; Mg2Sn Mg+2 Sn-4; Mg2Ge Mg+2 Ge-4;
SiC Si+4 C-4; Al4C3 Al+3 C-4; TiC Ti+4 C-4; Na3Bi Na+1 Bi-3; Li3Sb Li+1 Sb-3; K3Sb K+1 Sb-3;
LiH Li+1 H-1; NaH Na+1 H-1; CaH2 Ca+2 H-1; MgH2 Mg+2 H-1; AlH3 Al+3 H-1; NaAlH4 Na+1 Al+3 H-1;
LiBH4 Li+1 B+3 H-1; YH3 Y+3 H-1; BaTiO3 Ba+2 Ti+4 O-2; SrTiO3 Sr+2 Ti+4 O-2;
CaTiO3 Ca+2 Ti+4 O-2; PbTiO3 Pb+2 Ti+4 O-2; PbZrO3 Pb+2 Zr+4 O-2; EuTiO3 Eu+2 Ti+4 O-2;
KNbO3 K+1 Nb+5 O-2; LiNbO3 Li+1 Nb+5 O-2; KTaO3 K+1 Ta+5 O-2; NaTaO3 Na+1 Ta+5 O-2;
LaAlO3 La+3 Al+3 O-2; GdFeO3 Gd+3 Fe+3 O-2; LaMnO3 La+3 Mn+3 O-2; LaCoO3 La+3 Co+3 O-2;
LaNiO3 La+3 Ni+3 O-2; LaCrO3 La+3 Cr+3 O-2; YVO3 Y+3 V+3 O-2; BiFeO3 Bi+3 Fe+3 O-2;
SrRuO3 Sr+2 Ru+4 O-2; CaMnO3 Ca+2 Mn+4 O-2; SrSnO3 Sr+2 Sn+4 O-2; BaZrO3 Ba+2 Zr+4 O-2;
KMgF3 K+1 Mg+2 F-1; KMnF3 K+1 Mn+2 F-1; CsPbCl3 Cs+1 Pb+2 Cl-1; CsPbBr3 Cs+1 Pb+2 Br-1;
CsPbI3 Cs+1 Pb+2 I-1; CsSnI3 Cs+1 Sn+2 I-1; CsGeI3 Cs+1 Ge+2 I-1; Cs2SnI6 Cs+1 Sn+4 I-1;
Cs2TiBr6 Cs+1 Ti+4 Br-1; Cs2AgBiBr6 Cs+1 Ag+1 Bi+3 Br-1; Cs2AgInCl6 Cs+1 Ag+1 In+3 Cl-1;
Cs2NaInCl6 Cs+1 Na+1 In+3 Cl-1; Cs3Bi2I9 Cs+1 Bi+3 I-1; Cs4PbBr6 Cs+1 Pb+2 Br-1;
CsPb2Br5 Cs+1 Pb+2 Br-1; Cs3Sb2I9 Cs+1 Sb+3 I-1; CsCu2I3 Cs+1 Cu+1 I-1;
Cs3Cu2I5 Cs+1 Cu+1 I-1; Cs2ZnCl4 Cs+1 Zn+2 Cl-1; K2PtCl6 K+1 Pt+4 Cl-1;
Cs2PdBr6 Cs+1 Pd+4 Br-1; TlPbI3 Tl+1 Pb+2 I-1; Cs3InCl6 Cs+1 In+3 Cl-1; MgAl2O4 Mg+2 Al+3 O-2;
ZnFe2O4 Zn+2 Fe+3 O-2; CoFe2O4 Co+2 Fe+3 O-2; NiFe2O4 Ni+2 Fe+3 O-2; MnFe2O4 Mn+2 Fe+3 O-2;
CoAl2O4 Co+2 Al+3 O-2; FeCr2O4 Fe+2 Cr+3 O-2; CuCr2O4 Cu+2 Cr+3 O-2; ZnCr2O4 Zn+2 Cr+3 O-2;
Mg2TiO4 Mg+2 Ti+4 O-2; Fe2TiO4 Fe+2 Ti+4 O-2; CdCr2Se4 Cd+2 Cr+3 Se-2; ZnCr2S4 Zn+2 Cr+3 S-2;
Li4Ti5O12 Li+1 Ti+4 O-2; LiCoO2 Li+1 Co+3 O-2; LiNiO2 Li+1 Ni+3 O-2; LiMnO2 Li+1 Mn+3 O-2;
Li2MnO3 Li+1 Mn+4 O-2; NaFeO2 Na+1 Fe+3 O-2; CuAlO2 Cu+1 Al+3 O-2; CuGaO2 Cu+1 Ga+3 O-2;
CuFeO2 Cu+1 Fe+3 O-2; AgFeO2 Ag+1 Fe+3 O-2; FeTiO3 Fe+2 Ti+4 O-2; MnTiO3 Mn+2 Ti+4 O-2;
NiWO4 Ni+2 W+6 O-2; CaWO4 Ca+2 W+6 O-2; PbMoO4 Pb+2 Mo+6 O-2; BiVO4 Bi+3 V+5 O-2;
YVO4 Y+3 V+5 O-2; FeNbO4 Fe+3 Nb+5 O-2; Bi2WO6 Bi+3 W+6 O-2; Bi4Ti3O12 Bi+3 Ti+4 O-2;
La2CuO4 La+3 Cu+2 O-2; Sr2RuO4 Sr+2 Ru+4 O-2; Y3Al5O12 Y+3 Al+3 O-2; Y3Fe5O12 Y+3 Fe+3 O-2;
Ca3Al2Si3O12 Ca+2 Al+3 Si+4 O-2; Fe3Al2Si3O12 Fe+2 Al+3 Si+4 O-2; Zn2SiO4 Zn+2 Si+4 O-2;
Fe2SiO4 Fe+2 Si+4 O-2; ZnSnO3 Zn+2 Sn+4 O-2; InGaZnO4 In+3 Ga+3 Zn+2 O-2;
Y2Ti2O7 Y+3 Ti+4 O-2; Bi2Ru2O7 Bi+3 Ru+4 O-2; YBO3 Y+3 B+3 O-2; Sr2MgWO6 Sr+2 Mg+2 W+6 O-2;
La2NiMnO6 La+3 Ni+2 Mn+4 O-2; Ba2YNbO6 Ba+2 Y+3 Nb+5 O-2; Sr2NiWO6 Sr+2 Ni+2 W+6 O-2;
CuWO4 Cu+2 W+6 O-2; ZnWO4 Zn+2 W+6 O-2; SnWO4 Sn+2 W+6 O-2; Ca2Nb2O7 Ca+2 Nb+5 O-2;
CuInS2 Cu+1 In+3 S-2; CuInSe2 Cu+1 In+3 Se-2; CuGaS2 Cu+1 Ga+3 S-2; CuFeS2 Cu+1 Fe+3 S-2;
AgInS2 Ag+1 In+3 S-2; AgGaSe2 Ag+1 Ga+3 Se-2; AgBiS2 Ag+1 Bi+3 S-2; AgSbTe2 Ag+1 Sb+3 Te-2;
NaBiS2 Na+1 Bi+3 S-2; CuSbS2 Cu+1 Sb+3 S-2; Cu3SbS4 Cu+1 Sb+5 S-2; Cu3AsS4 Cu+1 As+5 S-2;
Ag3SbS3 Ag+1 Sb+3 S-2; Cu2ZnSnS4 Cu+1 Zn+2 Sn+4 S-2; Cu2ZnSnSe4 Cu+1 Zn+2 Sn+4 Se-2;
Cu2ZnGeS4 Cu+1 Zn+2 Ge+4 S-2; Cu2SnS3 Cu+1 Sn+4 S-2; Ag8GeS6 Ag+1 Ge+4 S-2;
CdIn2S4 Cd+2 In+3 S-2; ZnIn2S4 Zn+2 In+3 S-2; PbSnS2 Pb+2 Sn+2 S-2; PbBi2Te4 Pb+2 Bi+3 Te-2;
GeBi2Te4 Ge+2 Bi+3 Te-2; Ge2Sb2Te5 Ge+2 Sb+3 Te-2; BaZrS3 Ba+2 Zr+4 S-2;
TlInSe2 Tl+1 In+3 Se-2; TlGaS2 Tl+1 Ga+3 S-2; Li3PS4 Li+1 P+5 S-2; Li6PS5Cl Li+1 P+5 S-2 Cl-1;
ZnGeP2 Zn+2 Ge+4 P-3; CdSnAs2 Cd+2 Sn+4 As-3; ZnSnN2 Zn+2 Sn+4 N-3; ZnGeN2 Zn+2 Ge+4 N-3;
MgSiN2 Mg+2 Si+4 N-3; CaAlSiN3 Ca+2 Al+3 Si+4 N-3; TaON Ta+5 O-2 N-3; LiZnAs Li+1 Zn+2 As-3;
Cu2FeSnS4 Cu+1 Fe+2 Sn+4 S-2; NaCrS2 Na+1 Cr+3 S-2; Cu3VS4 Cu+1 V+5 S-2;
PbIn2S4 Pb+2 In+3 S-2; PbFCl Pb+2 F-1 Cl-1; BiOCl Bi+3 O-2 Cl-1; BiOI Bi+3 O-2 I-1;
BiSI Bi+3 S-2 I-1; SbSI Sb+3 S-2 I-1; LaOF La+3 O-2 F-1; LaCuOS La+3 Cu+1 O-2 S-2;
BiCuSeO Bi+3 Cu+1 Se-2 O-2; Pb3S2Cl2 Pb+2 S-2 Cl-1; Pb4S3Br2 Pb+2 S-2 Br-1;
Pb4S3I2 Pb+2 S-2 I-1; Pb5S2I6 Pb+2 S-2 I-1; FeOCl Fe+3 O-2 Cl-1; CrSBr Cr+3 S-2 Br-1;
Hg3S2Cl2 Hg+2 S-2 Cl-1; CsPb2Cl5 Cs+1 Pb+2 Cl-1; Cs2PbI2Cl2 Cs+1 Pb+2 I-1 Cl-1;
Sn2SI2 Sn+2 S-2 I-1; Na3AlF6 Na+1 Al+3 F-1; K2NaAlF6 K+1 Na+1 Al+3 F-1; LiYF4 Li+1 Y+3 F-1;
NaYF4 Na+1 Y+3 F-1; Ag3SI Ag+1 S-2 I-1; CuBiSCl2 Cu+1 Bi+3 S-2 Cl-1; PbSO4 Pb+2 S+6 O-2;
BaSO4 Ba+2 S+6 O-2; CaCO3 Ca+2 C+4 O-2; LiFePO4 Li+1 Fe+2 P+5 O-2; FePO4 Fe+3 P+5 O-2;
AlPO4 Al+3 P+5 O-2; NaNO3 Na+1 N+5 O-2; KClO4 K+1 Cl+7 O-2; KClO3 K+1 Cl+5 O-2;
Ca5P3O12F Ca+2 P+5 O-2 F-1; Pb2CO3Cl2 Pb+2 C+4 O-2 Cl-1; NaNO2 Na+1 N+3 O-2;
K2CrO4 K+1 Cr+6 O-2; KMnO4 K+1 Mn+7 O-2; Na2SO3 Na+1 S+4 O-2; Ca3As2O8 Ca+2 As+5 O-2;
ZnSeO3 Zn+2 Se+4 O-2; LiIO3 Li+1 I+5 O-2; AlOOH Al+3 O-2 H+1
"""
"""Compounds with the oxidation states that textbooks give their elements (N. N. Greenwood and
A. Earnshaw, Chemistry of the Elements, 2nd ed., 1997), as reduced formulas."""


def counts_of(formula):
    found = {}
    for element, number in re.findall(r"([A-Z][a-z]?)(\d*)", formula):
        found[element] = found.get(element, 0) + int(number or 1)
    return found


def accepted():
    found = []
    for entry in ACCEPTED.replace("\n", " ").split(";"):
        formula, *states = entry.split()
        parts = [re.fullmatch(r"([A-Z][a-z]?)([+-]\d)", state) for state in states]
        found.append((formula, {part[1]: int(part[2]) for part in parts}))
    return found


@pytest.mark.parametrize(("formula", "states"), accepted(), ids=[f for f, _ in accepted()])
def test_guess_is_that_of_textbooks_for_any_number_of_formula_units(formula, states):
    counts = counts_of(formula)
    assert sum(counts[element] * charge for element, charge in states.items()) == 0
    for n_units in range(1, 9):
        ranking = guesses({element: n_units * n for element, n in counts.items()})
        assert ranking[0].charges == states, n_units


@pytest.mark.parametrize("formula", ["Fe3O4", "KO2", "NaN3", "LiMn2O4", "PbNa"])
def test_no_guess_where_no_whole_charges_balance(formula):
    assert guesses(counts_of(formula)) == ()


def cif_text(group, cell, sites, extra=""):
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = ["data_x", f"_space_group_name_H-M_alt '{group}'"]
    lines += [f"_cell_{name} {value}" for name, value in zip(names, cell, strict=True)]
    lines += [extra, "loop_", "_atom_site_label", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    return "\n".join([*lines, *(" ".join(map(str, site)) for site in sites)]) + "\n"


CUBIC = (90, 90, 90)
SPINEL = (("M1", "M", 0.125, 0.125, 0.125), ("M2", "M", 0.5, 0.5, 0.5))


def spinel(metal, a, u, extra=""):
    metals = [(label.replace("M", metal), metal, *place) for label, _, *place in SPINEL]
    sites = [*metals, ("O1", "O", u, u, u)]
    return cif_text("F d -3 m:2", (a, a, a, *CUBIC), sites, extra)


MAGNETITE = spinel("Fe", 8.3941, 0.2549)  # Fleet 1981
MINIUM = cif_text(  # Gavarri & Weigel 1975
    "P 42/m b c",
    (8.811, 8.811, 6.563, *CUBIC),
    [
        ("Pb1", "Pb", 0, 0.5, 0.25),
        ("Pb2", "Pb", 0.1395, 0.1641, 0),
        ("O1", "O", 0.672, 0.172, 0.25),
        ("O2", "O", 0.096, 0.636, 0),
    ],
)
HAUSMANNITE = cif_text(  # Jarosch 1987
    "I 41/a m d:2",
    (5.765, 5.765, 9.442, *CUBIC),
    [("Mn1", "Mn", 0, 0.75, 0.125), ("Mn2", "Mn", 0, 0, 0.5), ("O", "O", 0, 0.4715, 0.2595)],
)
BISMUTHATE = cif_text(  # Cox & Sleight 1979
    "I 1 2/m 1",
    (6.1814, 6.1360, 8.6697, 90, 90.173, 90),
    [
        ("Ba1", "Ba", 0.5036, 0, 0.2486),
        ("Bi1", "Bi", 0, 0, 0),
        ("Bi2", "Bi", 0, 0, 0.5),
        ("O1", "O", 0.0558, 0, 0.2575),
        ("O2", "O", 0.2620, 0.2503, -0.0380),
    ],
)
THALLIUM_SULFIDE = cif_text(  # Hahn & Klingler 1949
    "I 4/m c m",
    (7.77, 7.77, 6.79, *CUBIC),
    [("Tl1", "Tl", 0, 0, 0.25), ("Tl2", "Tl", 0, 0.5, 0.25), ("S", "S", 0.1725, 0.6725, 0)],
)


@pytest.fixture
def read(tmp_path):
    def reader(text, states=None, name="crystal"):
        path = tmp_path / f"{name}.cif"
        path.write_text(text, encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GuessWarning)
            return read_cif(path, states)

    return reader


def by_site(crystal, symbol):
    charges, counts = np.unique(
        crystal.oxidation_states[crystal.symbols == symbol], return_counts=True
    )
    return dict(zip(charges.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "symbol", "expected"),
    [
        (spinel("Co", 8.084, 0.2631), "Co", {2: 8, 3: 16}),  # Smith & Hobson 1973
        (HAUSMANNITE, "Mn", {2: 4, 3: 8}),
        (MINIUM, "Pb", {2: 8, 4: 4}),
        (THALLIUM_SULFIDE, "Tl", {1: 4, 3: 4}),
        (BISMUTHATE, "Bi", {3: 2, 5: 2}),
    ],
)
def test_mixed_valence_is_told_by_the_bond_valences_of_the_sites(read, text, symbol, expected):
    crystal = read(text)
    assert by_site(crystal, symbol) == expected
    assert "bond valences" in crystal.notes[0]
    n = crystal.n_sites
    sums = Sites(
        crystal.cell_a, crystal.fractional, crystal.symbols, n * [""], n * [None]
    ).valence_sums
    charges = crystal.oxidation_states
    of_metal = crystal.symbols == symbol
    low, high = sorted(expected)
    assert sums[of_metal & (charges == low)].max() < sums[of_metal & (charges == high)].min()


def test_magnetite_is_not_guessed_and_the_refusal_names_every_way_to_give_charges(read):
    with pytest.raises(InputError) as error:
        read(MAGNETITE)
    told = str(error.value)
    for part in ("Fe", "+8/3", "8 on Fe1, 16 on Fe2", "oxidation_states", "--film-charges"):
        assert part in told


def test_charges_by_label_go_before_those_by_element(read):
    for states in (
        {"Fe1": 2, "Fe2": 3, "O": -2},
        {"Fe1": 2, "Fe": 3, "O1": -2},
        {"Fe2": 3.0, "Fe": 2, "O": -2},
    ):
        crystal = read(MAGNETITE, states)
        assert by_site(crystal, "Fe") == {2: 8, 3: 16}
        assert crystal.notes == ()


def test_a_label_that_is_an_element_of_the_crystal_means_the_element(read):
    text = cif_text(
        "F m -3 m", (5.4626,) * 3 + CUBIC, [("F", "Ca", 0, 0, 0), ("Ca", "F", 0.25, 0.25, 0.25)]
    )
    assert read(text, {"Ca": 2, "F": -1}).charge_of == {"Ca": 2, "F": -1}


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ({"Fe": 2.67, "O": -2}, "Fe 2.67, not a whole number"),
        ({"Fe1": 2, "O": -2}, "lacks Fe2"),
        ({"Fe": 3}, "lacks O"),
        ({"Fe": 3, "Fe7": 2, "O": -2}, "names Fe7.* Fe1, Fe2, O1"),
        ({"Fe1": 3, "Fe2": 2, "O": -2}, "carries -8 e"),
        ({"Fe": True, "O": -2}, "not a whole number"),
        ({"Fe": 10**30, "O": -2}, r"Fe 1e\+30; no ion carries more than 12 e"),
        ({"fe": 3, "o": -2}, "names fe, o, which is not in the crystal; it holds Fe, O"),
    ],
)
def test_charges_given_wrongly(read, states, told):
    with pytest.raises(InputError, match=told):
        read(MAGNETITE, states)


def stated(**numbers):
    rows = [f"{symbol} {number}" for symbol, number in numbers.items()]
    return "\n".join(["loop_", "_atom_type_symbol", "_atom_type_oxidation_number", *rows])


@pytest.mark.parametrize(
    ("metal", "anion", "cell"),
    [("Pt", "Se", (3.728, 5.081, 0.255)), ("Pt", "Te", (4.026, 5.221, 0.254))],
)
def test_anions_without_a_bond_to_their_like_have_full_shells(read, metal, anion, cell):
    """Layers of the CdI2 type: no Se2 or Te2 of charge -2 (cells of Furuseth et al. 1965)."""
    a, c, z = cell
    sites = [("M1", metal, 0, 0, 0), ("X1", anion, 1 / 3, 2 / 3, z)]
    crystal = read(cif_text("P -3 m 1", (a, a, c, 90, 90, 120), sites))
    assert crystal.charge_of == {metal: 4, anion: -2}
    assert "likely as well" not in crystal.notes[0]


def test_tellurium_is_the_anion_beside_arsenic(read):
    """As2Te3 (Carron, Acta Cryst. 1963, 16, 338): Pauling's number of Te is below that of As."""
    sites = [
        ("As1", "As", 0.383, 0, 0.436),
        ("As2", "As", 0.203, 0, 0.140),
        ("Te1", "Te", 0.0297, 0, 0.2892),
        ("Te2", "Te", 0.276, 0, 0.6654),
        ("Te3", "Te", 0.3768, 0, 0.0247),
    ]
    crystal = read(cif_text("C 2/m", (14.339, 4.006, 9.873, 90, 95.0, 90), sites))
    assert crystal.charge_of == {"As": 3, "Te": -2}


def test_far_oxygen_is_no_peroxide(read):
    """Fluorite of Ba and O: without O-O bonds there is no O -1, and Ba +4 there is not either."""
    sites = [("Ba1", "Ba", 0, 0, 0), ("O1", "O", 0.25, 0.25, 0.25)]
    with pytest.raises(InputError, match="no usual whole oxidation states balance Ba, O;"):
        read(cif_text("F m -3 m", (6.2,) * 3 + CUBIC, sites))


def test_a_stated_charge_that_can_not_balance_is_named(read):
    sites = [("Pb1", "Pb", 0, 0, 0), ("S1", "S", 0.5, 0.5, 0.5)]
    text = cif_text("F m -3 m", (5.936,) * 3 + CUBIC, sites, stated(Pb=4))
    with pytest.raises(InputError, match=r"balance Pb, S with Pb \+4, as the file states"):
        read(text)


def test_types_and_oxidation_numbers_that_contradict_each_other(read):
    sites = [("Pb1", "Pb2+", 0, 0, 0), ("S1", "S2-", 0.5, 0.5, 0.5)]
    numbers = stated(**{"Pb2+": 4, "S2-": -4})
    with pytest.raises(InputError, match=r"type S2- has charge -2, but .* is -4"):
        read(cif_text("F m -3 m", (5.936,) * 3 + CUBIC, sites, numbers))


def test_a_stated_fraction_is_refused(read):
    with pytest.raises(InputError, match=r"'2\.67' is no whole oxidation number"):
        read(spinel("Fe", 8.3941, 0.2549, stated(Fe="2.67", O="-2")))


def test_a_charge_stated_of_one_element_decides_the_guess(read):
    ilmenite = (
        "R -3:H",
        (5.0884, 5.0884, 14.0855, 90, 90, 120),
        [
            ("Fe", "Fe", 0, 0, 0.3553),
            ("Ti", "Ti", 0, 0, 0.1464),
            ("O", "O", 0.3174, 0.0233, 0.2451),
        ],
    )
    free = read(cif_text(*ilmenite))
    assert free.charge_of == {"Fe": 2, "Ti": 4, "O": -2}
    assert "likely as well: Fe +3, O -2, Ti +3" in free.notes[0]
    assert read(cif_text(*ilmenite, stated(Fe="3+", O="?"))).charge_of["Ti"] == 3
    with pytest.raises(InputError, match="give oxidation_states"):
        read(cif_text(*ilmenite, stated(O="-1", Ti="4")))


def test_the_python_call_tells_a_guess_as_loudly_as_the_command_line(tmp_path):
    path = tmp_path / "InP.cif"
    sites = [("In1", "In", 0, 0, 0), ("P1", "P", 0.25, 0.25, 0.25)]
    path.write_text(cif_text("F -4 3 m", (5.8687,) * 3 + CUBIC, sites), encoding="utf-8")
    with pytest.warns(GuessWarning, match=r"InP\.cif: .* In \+3, P -3") as caught:
        crystal = read_cif(path)
    assert caught[0].filename == __file__
    assert crystal.charge_of == {"In": 3, "P": -3}
    assert crystal.notes[0] in repr(crystal)


@pytest.mark.parametrize("rms_a", [0.02, 0.06])
def test_charges_of_minium_are_told_in_a_cell_that_vibrates(read, rms_a):
    crystal = read(MINIUM)
    rng = np.random.default_rng(4)
    order = rng.permutation(2 * crystal.n_sites)
    symbols = np.tile(crystal.symbols, 2)[order]
    cell_a = crystal.cell_a * np.array([[1], [1], [2]])
    above = crystal.fractional * [1, 1, 0.5]
    fractional = np.concatenate([above, above + np.array([0, 0, 0.5])])[order]
    fractional += rng.normal(0.0, rms_a, fractional.shape) @ np.linalg.inv(cell_a)
    sites = Sites(cell_a, fractional % 1.0, symbols, symbols.tolist(), len(symbols) * [None])
    expected = np.tile(crystal.oxidation_states, 2)[order]
    np.testing.assert_array_equal(guess_charges(sites).charges, expected)


def test_an_element_without_known_charges(read):
    text = cif_text(
        "F m -3 m", (5.0,) * 3 + CUBIC, [("He", "He", 0, 0, 0), ("O", "O", 0.5, 0.5, 0.5)]
    )
    with pytest.raises(InputError, match=r"crystal\.cif: no oxidation state of He is known"):
        read(text)


def test_whole_charges_as_floats_are_whole_numbers():
    crystal = Crystal(
        name="MgO",
        cell_a=4.2 * np.eye(3),
        symbols=np.array(["Mg", "O"]),
        fractional=np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
        oxidation_states=np.array([2.0, -2.0]),
    )
    assert crystal.oxidation_states.dtype == np.int64
    assert crystal.charge_of == {"Mg": 2, "O": -2}


def test_a_crystal_takes_no_fractional_charges():
    with pytest.raises(InputError, match=r"Fe.*not a whole number"):
        Crystal(
            name="FeO",
            cell_a=4.3 * np.eye(3),
            symbols=np.array(["Fe", "O"]),
            fractional=np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
            oxidation_states=np.array([1.6, -1.6]),
        )
