"""Several runs as one array of jobs on SLURM, each a whole `epicarve run` where it lands."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from epicarve.dft.run import FORGOTTEN, JobState, job_states, own_command, submit_array
from epicarve.dft.write import job_script, preparation
from epicarve.errors import InputError
from epicarve.files import write_text

from .status import RunStatus, is_done, key_of, read_status, write_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from epicarve.dft.settings import MachineSettings
    from epicarve.workflow.recipes import Recipe

SCRIPT = "array.job"
JOBS = "array.jobs"
"""The arrays submitted so far, a line each: the job's number, and the file with its members."""

LOGS = "logs"

POLL_SECONDS = (1.0, 30.0)
"""How often SLURM is asked: at first, and at most after long waiting."""

BODY = (
    'cd "$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$EPICARVE_MEMBERS")"',
    "exec ${EPICARVE:-epicarve} run recipe.yaml -o . --on local",
)
"""What each task does; EPICARVE holds the command of whoever submitted."""


def run_members(
    folder: Path, members: Mapping[str, Recipe], tell: Callable[[dict[str, str]], object]
) -> dict[str, str]:
    """Run recipes that lie in folders below one, as jobs of one array, and wait for them.

    Tasks that an earlier call submitted and that still wait or run are followed, what is done is
    left alone, and all others are submitted. They run on if the caller is stopped or killed.

    Parameters
    ----------
    folder : Path
        The folder of all.
    members : mapping of str to Recipe
        Recipe of each by its folder, which holds it as recipe.yaml.
    tell : callable
        Is told again and again what there is to say of each member that is not done.

    Returns
    -------
    dict of str to str
        Why each member failed that did.

    Raises
    ------
    InputError
        If their settings of the machine differ, or SLURM refuses the array.
    """
    tasks = {name: task for name, task in _alive(folder).items() if name in members}
    missing = [
        name
        for name, recipe in members.items()
        if name not in tasks and not is_done(folder / name, recipe)
    ]
    if missing:
        tasks |= _submit(folder, {name: members[name] for name in missing})
    failed: dict[str, str] = {}
    begun = time.monotonic()
    while tasks:
        states = job_states("slurm", [task.partition("_")[0] for task in tasks.values()])
        told = {}
        for name, task in list(tasks.items()):
            state = states.get(task) or states.get(task.partition("_")[0], FORGOTTEN)
            if state.phase != "ended":
                told[name] = _describe(folder / name, task, state)
                continue
            del tasks[name]
            reason = _failure(folder / name, members[name], task, state)
            if reason:
                failed[name] = reason
        tell(told)
        if tasks:
            shortest, longest = POLL_SECONDS
            time.sleep(min(longest, shortest + 0.05 * (time.monotonic() - begun)))
    return failed


def shared_machine(members: Mapping[str, Recipe]) -> MachineSettings:
    """Return the settings of the machine that all members share.

    Raises
    ------
    InputError
        If they differ.
    """
    (first, recipe), *others = members.items()
    for name, other in others:
        if other.machine != recipe.machine:
            raise InputError(
                f"machine: of {name} is not that of {first}, and one is needed for all; make them "
                "equal, or run them apart"
            )
    return recipe.machine


def _submit(folder: Path, members: Mapping[str, Recipe]) -> dict[str, str]:
    """Submit members as a new array, and return the task of each."""
    machine = shared_machine(members)
    lines = [*preparation(machine), *BODY]
    write_text(folder / SCRIPT, job_script("epicarve", lines, machine, log=f"{LOGS}/%A-%a.log"))
    (folder / LOGS).mkdir(exist_ok=True)
    number = sum(1 for _ in folder.glob("array-*.txt")) + 1
    listed = f"array-{number}.txt"
    write_text(folder / listed, "".join(f"{name}\n" for name in members))
    for name, member in members.items():
        write_status(folder / name, RunStatus("stopped", "submitted", key_of(member)))
    variables = {"EPICARVE_MEMBERS": listed, "EPICARVE": own_command()}
    job = submit_array(
        folder / SCRIPT,
        len(members),
        variables,
        record=JOBS,
        note=listed,
        at_once=machine.array_limit,
    )
    return {name: f"{job}_{task}" for task, name in enumerate(members, start=1)}


def _alive(folder: Path) -> dict[str, str]:
    """Tasks of earlier arrays that still wait or run, by member."""
    if not (folder / JOBS).is_file():
        return {}
    alive = {}
    for line in (folder / JOBS).read_text(encoding="utf-8").splitlines():
        job, _, listed = line.partition(" ")
        states = job_states("slurm", [job])
        if job in states:
            raise InputError(f"SLURM does not answer: {states[job].word}; try again later")
        for task, name in enumerate((folder / listed).read_text(encoding="utf-8").split(), 1):
            if states.get(f"{job}_{task}", FORGOTTEN).phase in {"waiting", "running"}:
                alive[name] = f"{job}_{task}"
    return alive


def _describe(folder: Path, task: str, state: JobState) -> str:
    """Return what there is to say of a member that is not through."""
    status = read_status(folder)
    if state.phase == "running" and status is not None and status.state == "running":
        return status.told
    return f"{state.phase}, job {task}: {state.word}"


def _failure(folder: Path, recipe: Recipe, task: str, state: JobState) -> str:
    """Why a member whose task ended is not done, empty if it is."""
    for _ in range(5 if state.word.startswith("COMPLETED") else 1):
        if is_done(folder, recipe):
            return ""
        time.sleep(1.0)  # what a node wrote may take a moment to be seen from here
    status = read_status(folder)
    if status is not None and status.state == "failed":
        return status.told
    how = f"ended as {state.word}" if state.word else "is not known to SLURM any more"
    return f"job {task} {how}; run the same command again to go on where it stopped"
