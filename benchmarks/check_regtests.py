"""Compares `epicarve check` with cp2k-input-tools on the inputs of CP2K's own regression tests.

Run as ``python benchmarks/check_regtests.py CP2K/tests VERSION [cp2k_input.xml]`` where CP2K is a
checkout of its repository at the tag of VERSION. cp2k-input-tools brings the XML of 2024.1; for
others it is given, or for 2023.1 that of the installed cp2k.psmp. Both judge names, types, numbers
of values and repetitions; each difference is printed with both reasons, counted by kind. What CP2K
itself says of those: docs/check.md.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections import Counter
from pathlib import Path

from cp2k_input_tools.parser import CP2KInputParser

from epicarve.dft.cp2k_input import InputText, Report, read_tree
from epicarve.dft.run import installed_xml


def own_reason(path: Path, version: str) -> str:
    """Return the first error that `read_tree` finds, empty if there is none."""
    report = Report()
    read_tree(InputText.read(path), version, report)
    errors = [f"{f.line}: {f.message}" for f in report.findings if f.severity == "error"]
    return errors[0] if errors else ""


def peer_reason(path: Path, parser: CP2KInputParser, base: list[Path]) -> str:
    """Return the error at which cp2k-input-tools stops, empty if there is none."""
    base[:] = [path.parent]
    try:
        parser.parse(io.StringIO(path.read_text(encoding="latin-1")))
    except Exception as error:  # it lets many families through
        cause = f" ({error.__cause__.args[0]})" if error.__cause__ and error.__cause__.args else ""
        said = error.args[0] if error.args else ""
        return f"{type(error).__name__}: {said}{cause}"
    return ""


def kind(reason: str) -> str:
    """Return a reason without its names and numbers."""
    return re.sub(r"'[^']*'|\d+(\.\d+)?|&?\b[A-Z][A-Z0-9_-]{2,}\b", "_", reason)


def main() -> None:
    """Compare, and print what differs."""
    folder, version = Path(sys.argv[1]), sys.argv[2]
    base: list[Path] = []
    xml = Path(sys.argv[3]).read_bytes() if len(sys.argv) > 3 else None
    if xml is None and version == "2023.1":
        xml = installed_xml()
    parser = CP2KInputParser(io.BytesIO(xml) if xml else None, base_dir=base)
    paths = sorted(folder.rglob("*.inp"))
    verdicts: Counter[str] = Counter()
    differences: dict[str, list[str]] = {}
    seconds = [0.0, 0.0]
    for path in paths:
        started = time.perf_counter()
        own = own_reason(path, version)
        between = time.perf_counter()
        peer = peer_reason(path, parser, base)
        seconds[0] += between - started
        seconds[1] += time.perf_counter() - between
        verdict = f"{'refused' if own else 'accepted'} by us, {'refused' if peer else 'accepted'}"
        verdicts[f"{verdict} by cp2k-input-tools"] += 1
        if bool(own) != bool(peer):
            differences.setdefault(kind(own or peer), []).append(
                f"{path.relative_to(folder)}: we say {own or 'good'}; they say {peer or 'good'}"
            )
    print(f"{len(paths)} inputs, schema of CP2K {version}")
    for verdict, count in verdicts.most_common():
        print(f"{count:6d}  {verdict}")
    print(f"seconds: {seconds[0]:.1f} and {seconds[1]:.1f}, ratio {seconds[1] / seconds[0]:.0f}")
    for reason, examples in sorted(differences.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(examples):6d}  {reason}")
        for example in examples[:3]:
            print(f"        {example}")


if __name__ == "__main__":
    main()
