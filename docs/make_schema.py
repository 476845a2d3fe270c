"""Makes the schema of a CP2K version from its source, without building CP2K.

Run as ``python docs/make_schema.py CP2K LIBXC.xml templates/schemas/2026.2.json.gz`` where CP2K is
a checkout of its repository at the tag of the version, and LIBXC.xml the cp2k_input.xml (`cp2k.psmp
--xml`) of any CP2K that was built with libxc. Needs gfortran, and libxc-dev of Debian.

The modules that define CP2K's input are compiled as they are, with those that they need to print
it. What they use of other modules is little: constants, and a few routines that make a section.
These are copied into modules of the same name; what no text gives (ELPA's kernels, defaults of
DBCSR) stands below. Then CP2K's own write_section_xml writes the XML. Functionals that the
installed libxc lacks are taken from LIBXC.xml.

For 2023.1 the result has the 60,334 sections and keywords that Debian's cp2k.psmp --xml gives, with
the same types, choices, units and repetitions; 13 defaults of DBCSR and ELPA differ.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from epicarve.dft.run import compact_schema
from epicarve.files import replaced_file

PRINTING = (
    "input_section_types",
    "cp_output_handling",
    "bibliography",
    "cp_units",
    "string_utilities",
    "physcon",
    "xc_input_constants",
    "input_constants",
    "cp_parser_types",
    "print_messages",
    "tmc_stati",
    "reference_manager",
    "cp_files",
)
"""Modules that the input needs and that need no library."""

INPUT_MODULES = ("qs_fb_input", "glbopt_input", "swarm_input")
"""Modules of the input whose names do not begin with input_."""

FOREIGN = {"iso_c_binding", "iso_fortran_env", "ieee_exceptions", "ieee_arithmetic", "omp_lib"}
FOREIGN |= {"mpi", "mpi_f08", "mcl", "libxs", "sirius", "openpmd_api"}
"""Modules of the compiler, and of libraries that are switched off."""

AT_HAND = (
    "kinds",
    "input_section_types",
    "input_keyword_types",
    "input_val_types",
    "cp_output_handling",
    "string_utilities",
    "input_constants",
    "cp_units",
    "bibliography",
    "physcon",
    "cp_log_handling",
    "timings",
    "base_hooks",
)
"""Modules that a copied routine may use."""

KERNELS = (
    "AUTO GENERIC GENERIC_SIMPLE BGP BGQ SSE SSE_BLOCK2 SSE_BLOCK4 SSE_BLOCK6 AVX_BLOCK2 "
    "AVX_BLOCK4 AVX_BLOCK6 AVX2_BLOCK2 AVX2_BLOCK4 AVX2_BLOCK6 AVX512_BLOCK2 AVX512_BLOCK4 "
    "AVX512_BLOCK6 NVIDIA_GPU AMD_GPU INTEL_GPU"
)

DBCSR_CONSTANTS = """
 INTEGER, PARAMETER :: dbcsr_test_binary_io=1, dbcsr_test_mm=2, dbcsr_type_real_4=1
 INTEGER, PARAMETER :: dbcsr_type_real_8=3, dbcsr_type_complex_4=5, dbcsr_type_complex_8=7
"""

DRIVER = """
PROGRAM driver
 USE input_cp2k, ONLY: create_cp2k_root_section
 USE input_section_types, ONLY: section_type, write_section_xml
 USE bibliography, ONLY: add_all_references
 TYPE(section_type), POINTER :: root
 INTEGER :: i
 NULLIFY (root)
 CALL add_all_references()
 CALL create_cp2k_root_section(root)
 OPEN (10, FILE="cp2k_input.xml")
 WRITE (10, "(A)") "<CP2K_INPUT>"
 DO i = 1, root%n_subsections
  CALL write_section_xml(root%subsections(i)%section, 1, 10)
 END DO
 WRITE (10, "(A)") "</CP2K_INPUT>"
END PROGRAM
"""


class Source:
    """The source of CP2K: its modules by name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: dict[str, Path] = {}
        self.texts: dict[str, str] = {}
        for path in sorted((root / "src").rglob("*.F")):
            text = path.read_text(errors="replace")
            for found in re.finditer(r"^\s*MODULE\s+(?!PROCEDURE)(\w+)\s*$", text, re.M | re.I):
                self.paths[found[1].lower()] = path
                self.texts[found[1].lower()] = text

    def uses(self, module: str) -> list[tuple[str, list[str]]]:
        """Modules that a module uses, and the names that it takes from each."""
        return used_modules(self.texts[module])

    def closure(self, modules: tuple[str, ...]) -> set[str]:
        """Return some modules with all that they need."""
        found: set[str] = set()
        todo = list(modules)
        while todo:
            module = todo.pop()
            if module in found or module not in self.paths:
                continue
            found.add(module)
            todo += [used for used, _ in self.uses(module)]
        return found

    @cached_property
    def plan(self) -> tuple[set[str], dict[str, set[str]]]:
        """Return the modules to compile, and the names wanted of each that is to be copied."""
        whole = self.closure(PRINTING)
        copied: dict[str, set[str]] = {}
        todo, done = ["input_cp2k"], set[str]()
        while todo:
            module = todo.pop()
            if module in done:
                continue
            done.add(module)
            for used, names in self.uses(module):
                known = used in self.paths
                if used in whole or (known and used.startswith("input_")) or used in INPUT_MODULES:
                    todo.append(used)
                elif used not in FOREIGN:
                    copied.setdefault(used, set()).update(names)
        return done | whole, copied

    def routine(self, module: str, name: str) -> str:
        """Return the text of a subroutine or function, empty if the module has none."""
        found = re.search(
            rf"^[ \t]*((RECURSIVE|PURE|ELEMENTAL)\s+)*(SUBROUTINE|[\w()*=, ]*FUNCTION)\s+{name}\b"
            rf".*?^[ \t]*END\s+(SUBROUTINE|FUNCTION)\s+{name}[ \t]*$",
            self.texts.get(module, ""),
            re.M | re.S | re.I,
        )
        return found[0] if found else ""

    def constants(self, module: str) -> list[str]:
        """Return the statements of a module that define constants."""
        head = re.split(r"^\s*CONTAINS\s*$", joined(self.texts.get(module, "")), flags=re.M)[0]
        lines = [line.strip() for line in head.splitlines()]
        return [
            re.sub(r",\s*(PUBLIC|PRIVATE)\b", "", line, flags=re.I)
            for line in lines
            if re.search(r"\bPARAMETER\b.*::", line, re.I)
            and not re.search(r"^!|moduleN|debug_this", line)
        ]


def joined(text: str) -> str:
    """Join continued lines."""
    return re.sub(r"&[ \t]*(![^\n]*)?\n(\s*[#!][^\n]*\n)*\s*&?", " ", text)


def used_modules(text: str) -> list[tuple[str, list[str]]]:
    """Modules that a text uses, and the names that it takes from each."""
    pattern = r"^\s*USE\s*(?:,\s*INTRINSIC\s*::)?\s*(\w+)[ \t]*(?:,\s*ONLY\s*:([^\n!]*))?"
    return [
        (found[1].lower(), [n.split("=>")[-1].strip() for n in (found[2] or "").split(",")])
        for found in re.finditer(pattern, joined(text), re.M | re.I)
    ]


def copies(source: Source) -> dict[str, str]:
    """Return the text of each module that stands for a larger one."""
    whole, copied = source.plan
    texts = given(source)
    todo = [(module, names) for module, names in copied.items() if module not in texts]
    while todo:
        module, names = todo.pop()
        routines = [text for name in sorted(names) if (text := source.routine(module, name))]
        lines = [f"MODULE {module}", "  USE kinds"]
        if routines:
            lines += [
                "  USE iso_c_binding",
                *(f"  USE {name}" for name in AT_HAND if name in whole),
            ]
            wanted = joined("\n".join(routines))
            for used, offered in source.uses(module):
                taken = [n for n in offered if n and re.search(rf"\b{n}\b", wanted, re.I)]
                if not taken or used in AT_HAND or used in FOREIGN:
                    continue
                lines.append(f"  USE {used}, ONLY: " + ", &\n    ".join(taken))
                if used not in whole and used not in copied and used not in texts:
                    copied[used] = set(taken)
                    todo.append((used, set(taken)))
        lines += ['#include "./base/base_uses.f90"', "  IMPLICIT NONE", "  PUBLIC"]
        lines.append(f'  CHARACTER(len=*), PARAMETER, PRIVATE :: moduleN="{module}"')
        lines += [line.replace(",", ", &\n    ") for line in source.constants(module)]
        lines += ["CONTAINS", *routines] if routines else []
        texts[module] = "\n".join([*lines, f"END MODULE {module}\n"])
    return texts


def given(source: Source) -> dict[str, str]:
    """Return the modules of which no text can be copied."""
    link = source.texts["cp_dbcsr_cp2k_link"]
    calls = dict(re.findall(r"dbcsr_get_default_config\((\w+)=(\w)default", link))
    kinds = {"i": ("INTEGER", "0"), "l": ("LOGICAL", ".FALSE."), "r": ("REAL(8)", "0.0D0")}
    config = "SUBROUTINE dbcsr_get_default_config(" + ", &\n ".join(calls) + ")\n"
    config += "".join(f" {kinds[k][0]}, OPTIONAL :: {name}\n" for name, k in calls.items())
    config += "".join(f" IF (PRESENT({n})) {n} = {kinds[k][1]}\n" for n, k in calls.items())
    dbcsr = f"{DBCSR_CONSTANTS}CONTAINS\n{config}END SUBROUTINE\n"
    names = ", &\n ".join(f'"{kernel}"' for kernel in KERNELS.split())
    n = len(KERNELS.split())
    block = "FUNCTION {name}() RESULT(n)\n INTEGER :: n\n n = 64\nEND FUNCTION\n"
    bodies = {
        "dbcsr_api": dbcsr,
        "cp_dbcsr_api": dbcsr,
        "cp_dbcsr_operations": "INTEGER :: max_elements_per_block = 32\n",
        "cp_fm_diag": "INTEGER, PARAMETER :: FM_DIAG_TYPE_SCALAPACK=101, FM_DIAG_TYPE_ELPA=102, &\n"
        " FM_DIAG_TYPE_CUSOLVER=103, FM_DIAG_TYPE_DLAF=104, FM_DIAG_TYPE_DEFAULT=101\n",
        "cp_fm_elpa": "INTEGER :: i\n"
        "LOGICAL :: elpa_print=.FALSE., elpa_qr=.FALSE., elpa_one_stage=.FALSE.\n"
        f"INTEGER, PARAMETER :: elpa_kernel_ids({n}) = [(i, i=1, {n})]\n"
        f"CHARACTER(len=32), PARAMETER :: elpa_kernel_names({n}) = [CHARACTER(len=32) :: {names}]\n"
        f"CHARACTER(len=32), PARAMETER :: elpa_kernel_descriptions({n}) = elpa_kernel_names\n",
        "cp_fm_struct": "CONTAINS\n"
        + block.format(name="cp_fm_struct_get_nrow_block")
        + block.format(name="cp_fm_struct_get_ncol_block"),
        "cp_output_handling_openpmd": "CONTAINS\n"
        "FUNCTION cp_openpmd_get_default_extension() RESULT(e)\n CHARACTER(len=80) :: e\n"
        ' e = ".json"\nEND FUNCTION\n',
        "eri_mme_types": "INTEGER, PARAMETER :: eri_mme_coulomb=1, eri_mme_yukawa=2, &\n"
        " eri_mme_longrange=3\n",
        "xc_libxc_wrap": "USE xc_f03_lib_m\n",
    }
    return {name: f"MODULE {name}\n{body}END MODULE\n" for name, body in bodies.items()}


def written_xml(source: Source, folder: Path) -> ET.Element:
    """Compile the modules and let them write the XML."""
    whole, _ = source.plan
    paths = {module: source.paths[module] for module in sorted(whole)}
    for module, text in copies(source).items():
        paths[module] = folder / f"copied_{module}.F"
        paths[module].write_text(text)
    texts = {module: preprocessed(source, module, path, folder) for module, path in paths.items()}
    ordered: dict[str, None] = {}

    def put(module: str) -> None:
        if module in ordered or module not in texts:
            return
        for used, _ in used_modules(texts[module]):
            if used != module:
                put(used)
        ordered[module] = None

    for module in texts:
        put(module)
    fortran = ["gfortran", "-fopenmp", "-O0", "-w", "-ffree-line-length-none", "-I/usr/include"]
    fortran += ["-fallow-argument-mismatch"]
    for module in ordered:
        run([*fortran, "-c", f"{module}.f90", "-o", f"{module}.o"], folder)
    (folder / "driver.f90").write_text(DRIVER)
    objects = [f"{module}.o" for module in ordered]
    libraries = ["-lxcf03", "-lxc", "-Wl,--unresolved-symbols=ignore-all", "-no-pie"]
    run([*fortran, "driver.f90", *objects, "-o", "driver", *libraries], folder)
    run(["./driver"], folder)
    return ET.parse(folder / "cp2k_input.xml").getroot()


def preprocessed(source: Source, module: str, path: Path, folder: Path) -> str:
    """Run the preprocessors that CP2K's build runs."""
    fypp, target = source.root / "tools" / "build_utils" / "fypp", folder / f"{module}.f90"
    include = ["-I", str(path.parent), "-I", str(source.root / "src")]
    run([sys.executable, str(fypp), "-n", *include, str(path), str(target)], folder)
    built = ("ARCH", "DATE", "HOST", "REVISION")
    defined = [f'-D__COMPILE_{name}="x"' for name in built]
    defined += ["-D__LIBXC", '-D__SHORT_FILE__="x"', '-D__DATA_DIR="x"']
    cpp = ["gfortran", "-fopenmp", "-cpp", "-E", "-P", *defined, *include]
    text = run([*cpp, f"-I{source.root / 'src' / 'base'}", str(target)], folder)
    target.write_text(text)
    return text


def run(command: list[str], folder: Path) -> str:
    """Run a program and return what it prints; stop with its words if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])} ...: {done.stderr[-2000:]}")
    return done.stdout


def add_functionals(root: ET.Element, other: ET.Element) -> None:
    """Add functionals of libxc that another CP2K knows to each section of functionals."""
    place = other
    for name in ("FORCE_EVAL", "DFT", "XC", "XC_FUNCTIONAL"):
        place = next(s for s in place.iterfind("SECTION") if s.findtext("NAME") == name)
    known = {str(section.findtext("NAME")): section for section in place.iterfind("SECTION")}
    for section in list(root.iter("SECTION")):
        names = {str(below.findtext("NAME")) for below in section.iterfind("SECTION")}
        if section.findtext("NAME") == "XC_FUNCTIONAL" and "GGA_X_PBE" in names:
            for name in sorted(known.keys() - names):
                if name.split("_")[0] in {"LDA", "GGA", "MGGA", "HYB"}:
                    section.append(known[name])


def main() -> None:
    """Make the XML, complete it, and write the compact schema."""
    source, libxc, target = map(Path, sys.argv[1:])
    with TemporaryDirectory() as folder:
        root = written_xml(Source(source.resolve()), Path(folder))
    add_functionals(root, ET.parse(libxc).getroot())
    with replaced_file(target) as temporary:
        temporary.write_bytes(compact_schema(root))


if __name__ == "__main__":
    main()
