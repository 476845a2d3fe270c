"""Profiles of machines, for recipes to share: one to start from, and one tried."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from epicarve.builder.library import bundled_crystal
from epicarve.dft.run import tried_job
from epicarve.dft.settings import Cp2kSettings, MachineSettings, stages
from epicarve.dft.write import System, boxed, job_files, job_template, stage_resources
from epicarve.files import is_file, write_text
from epicarve.workflow.recipes import read_machine

PROFILE = "machine.yaml"
"""Name of a profile, here and in templates/jobs."""

SAMPLE_CELLS = 4
"""Unit cells of PbS along each edge of the cube whose jobs are shown."""


@dataclass(frozen=True)
class MachineTrial:
    """What a profile of a machine comes to.

    Parameters
    ----------
    path : Path
        The profile.
    written : bool
        Whether it was written just now, to start from; nothing was tried then.
    sample : str
        Whose jobs were tried.
    headers : dict of str to str
        Header of the job of each stage.
    answers : dict of str to str
        What the scheduler of this machine says of each; empty if it can't be asked.
    """

    path: Path
    written: bool
    sample: str
    headers: dict[str, str]
    answers: dict[str, str]


def machine(file: Path | str = PROFILE) -> MachineTrial:
    """Write a commented profile of a machine to start from, or try one that is there.

    Parameters
    ----------
    file : Path or str
        The profile, YAML with the keys of ``machine:`` in recipes.

    Raises
    ------
    InputError
        If a key or value of the profile is wrong, or its scheduler lacks what it states.
    """
    path = Path(file)
    if not is_file(path):
        write_text(path, job_template(PROFILE))
        return MachineTrial(path, True, "", {}, {})
    settings = read_machine(path)
    sample = _sample()
    scripts = _job_scripts(sample, settings)
    headers = {
        stage: "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))
        for stage, text in scripts.items()
    }
    answers = {}
    if settings.scheduler == "slurm":
        with TemporaryDirectory() as folder:
            for stage, text in scripts.items():
                script = Path(folder) / f"{stage}.job"
                script.write_text(text, encoding="utf-8")
                answer = tried_job(script)
                if answer:
                    answers[stage] = answer
    return MachineTrial(path, False, sample.title, headers, answers)


def _sample() -> System:
    crystal = bundled_crystal("PbS")
    grid = np.arange(SAMPLE_CELLS)
    cells = np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 1, 3)
    positions_a = ((crystal.fractional + cells).reshape(-1, 3)) @ crystal.cell_a
    symbols = tuple(crystal.symbols.tolist()) * len(cells)
    edges_a, positions_a = boxed(positions_a, Cp2kSettings().vacuum_a)
    title = f"a cube of PbS with {len(symbols)} ions"
    return System(title, symbols, positions_a, np.diag(edges_a), 0)


def _job_scripts(sample: System, settings: MachineSettings) -> dict[str, str]:
    """Job script of each stage of the sample, by the name of the stage."""
    level = Cp2kSettings()
    chain = stages(level)
    needs = {stage.folder: stage_resources(sample, level, stage, settings) for stage in chain}
    files = job_files(chain, settings, {}, needs)
    return {stage.name: files[stage.script] for stage in chain}
