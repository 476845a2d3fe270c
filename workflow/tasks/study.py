"""The study in one command: its claims, its published models and ours on one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.figures import (
    DistributionPanel,
    pair_distribution_figure,
    pretty_words,
    write_figure,
)
from epicarve.builder.output import draw_side_by_side
from epicarve.builder.recognition import identify
from epicarve.errors import InputError, near_name
from epicarve.files import (
    filled_folder,
    is_file,
    is_folder,
    refuse_file_name,
    write_json,
    write_text,
)
from epicarve.record import plain
from epicarve.version import __version__
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.study import (
    DISTANCES,
    PAIR_DISTRIBUTION,
    Measured,
    Subject,
    claims_of,
    page_of,
    read_results,
    require_analysed,
    study_models,
)

from .build import build
from .plot import plotted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from epicarve.workflow.study import Claim, RunResults, StudyModel

PAGE, NUMBERS, CURVES = "study.md", "study.json", "study-pair-distribution.csv"
MODELS, STATES = "study-models.png", "study-states.png"


@dataclass(frozen=True, eq=False)
class StudyPage:
    """The study, held against its published models and ours.

    Parameters
    ----------
    subjects : tuple of Subject
        The models with all that is known of them.
    claims : tuple of Claim
        What the study says, what the models show, and a judgement.
    analysed : dict of str to Path
        Folders of results by name.
    """

    subjects: tuple[Subject, ...]
    claims: tuple[Claim, ...]
    analysed: dict[str, Path]

    def as_dict(self) -> dict[str, Any]:
        """Return the content of study.json."""
        models = {
            one.model.name: {
                "told": one.model.told,
                "recipe": one.model.made_by,
                "published_file": one.model.file,
                **{
                    whose: None if measured is None else measured.as_dict()
                    for whose, measured in (("published", one.published), ("ours", one.ours))
                },
                "published_results": plain(one.published_results),
                "our_results": plain(one.our_results),
            }
            for one in self.subjects
        }
        return {"version": __version__, "claims": plain(self.claims), "models": models}

    def write(self, folder: Path | str) -> None:
        """Write study.md, its figures in images/, study.json and the curves: all, or none.

        Parameters
        ----------
        folder : Path or str
            Where to write; made if it is not there.
        """
        folder = Path(folder)
        refuse_file_name(folder, f"{PAGE}, {NUMBERS}, {CURVES} and images")
        with filled_folder(folder, CURVES) as scratch:
            figures = self._draw(scratch / "images")
            write_text(scratch / PAGE, page_of(self.subjects, self.claims, figures))
            write_json(scratch / NUMBERS, self.as_dict())
            write_text(scratch / CURVES, self._curves())

    def _draw(self, images: Path) -> dict[str, str]:
        """Draw the figures, and return their places and captions by name."""
        images.mkdir()
        columns = {
            pretty_words(one.model.told): {
                whose: measured.found for whose, measured in _geometries(one)
            }
            for one in self.subjects
        }
        rows = [
            whose for whose in ("published", "ours") if any(whose in c for c in columns.values())
        ]
        draw_side_by_side(images / MODELS, columns, rows)
        told = {
            MODELS: "The published models, relaxed, above ours, ideal; drawn to one scale."
            if len(rows) > 1
            else "Our models, ideal; drawn to one scale."
        }
        panels = [_panel(one) for one in self.subjects if len(one.ours.found.domains) == 1]
        if panels:
            figure = pair_distribution_figure(panels, "peak in the study (Fig. S16)")
            write_figure(figure, images / PAIR_DISTRIBUTION)
            told[PAIR_DISTRIBUTION] = (
                "Ions of one element per Å³ at a distance from those of the other, each distance "
                "spread by 0.15 Å; X is the halide. Triangles: peaks that the study reads in its "
                "measured pair distributions."
            )
        if self.analysed:
            drawn = plotted(list(self.analysed.values()), align="edge", labels=list(self.analysed))
            write_figure(drawn.figure, images / STATES)
            told[STATES] = "States of the analysed runs."
        return {name: f"images/{name}: {words}" for name, words in told.items()}

    def _curves(self) -> str:
        """Return the pair distributions: a line per distance, a column per curve."""
        columns = {
            f"{one.model.name} {whose} {pair}": values
            for one in self.subjects
            for whose, measured in _geometries(one)
            for pair, values in zip(measured.radial.names, measured.radial.values, strict=True)
        }
        distances_a = self.subjects[0].ours.radial.distances_a
        table = np.column_stack([distances_a, *columns.values()])
        lines = [",".join(f"{x:.4g}" for x in line) for line in table.tolist()]
        return "\n".join([",".join(["distance_a", *columns]), *lines]) + "\n"


def study(
    folder: Path | str | None = None,
    out: Path | str | None = None,
    results: Mapping[str, Path | str] | None = None,
    *,
    models: Sequence[StudyModel] | None = None,
    tell: Callable[[str], None] | None = None,
) -> StudyPage:
    """Hold the study against the models that its group published and against ours.

    Parameters
    ----------
    folder : Path or str, optional
        Folder with the published files. Models whose file is not there stand without it.
    out : Path or str, optional
        Folder for study.md, study.json, study-pair-distribution.csv and images; nothing is written
        without it.
    results : mapping of str to Path or str, optional
        Folders of analysed runs, by the name of our model or of the published one, such as
        ``{"half_pb4s3cl2": "run"}``.
    models : sequence of StudyModel, optional
        The models; those of the study if not given.
    tell : callable, optional
        Is told what is going on.

    Raises
    ------
    InputError
        If the folder holds none of the files, a name of results is not known, or a folder of
        results holds none of that model.
    """
    chosen = study_models() if models is None else tuple(models)
    analysed = {name: Path(path) for name, path in (results or {}).items()}
    names = [name for one in chosen for name in (one.name, one.published_name)]
    for name, path in analysed.items():
        if name not in names:
            raise InputError(f"results: there is no model {name!r}; {near_name(name, names)}")
        require_analysed(path)
    files = _files(None if folder is None else Path(folder), chosen)
    for one in chosen:
        if one.published_name in analysed and one.name not in files:
            raise InputError(
                f"results: {one.published_name} is a published model, and its file {one.file} is "
                "not there; name the folder that holds it"
            )
    subjects = tuple(_subject(one, files.get(one.name), analysed, tell) for one in chosen)
    page = StudyPage(subjects, claims_of(subjects), analysed)
    if out is not None:
        page.write(out)
    return page


def _files(folder: Path | None, models: Sequence[StudyModel]) -> dict[str, Path]:
    """Return the published file of each model that is there, by the name of the model."""
    if folder is None:
        return {}
    if not is_folder(folder):
        raise InputError(f"{folder}: there is no such folder; name that of the published models")
    found = {one.name: folder / one.file for one in models if is_file(folder / one.file)}
    if not found:
        raise InputError(
            f"{folder}: it holds none of the published models, such as {models[0].file}; name the "
            "folder with them"
        )
    return found


def _subject(
    model: StudyModel,
    file: Path | None,
    analysed: Mapping[str, Path],
    tell: Callable[[str], None] | None,
) -> Subject:
    """Build a model, identify ours and the published one, and read the results of both."""
    if tell is not None:
        tell(f"{model.name}: built and identified")
    ours = Measured(identify(build(parse_recipe(dict(model.recipe))).model))
    published = None if file is None else Measured(identify(file))

    def results_of(name: str, measured: Measured | None) -> RunResults | None:
        if name not in analysed or measured is None:
            return None
        return read_results(analysed[name], measured.found.counts)

    return Subject(
        model,
        ours,
        published,
        our_results=results_of(model.name, ours),
        published_results=results_of(model.published_name, published),
    )


def _geometries(subject: Subject) -> list[tuple[str, Measured]]:
    """Return the geometries of a model by whose they are."""
    both = (("published", subject.published), ("ours", subject.ours))
    return [(whose, measured) for whose, measured in both if measured is not None]


def _panel(subject: Subject) -> DistributionPanel:
    """Return the pair distributions of a particle of one crystal."""
    crystal = subject.ours.found.domains[0].crystal
    names = subject.ours.radial.names
    pairs = [name for name in names if "Pb" in name.split("-")]
    marks_a = {
        "-".join(sorted(("Pb", other))): float(stated.value)
        for (name, other), stated in DISTANCES.items()
        if name == crystal and isinstance(stated.value, float)
    }
    curves = {whose: measured.radial for whose, measured in _geometries(subject)}
    return DistributionPanel(subject.model.told, curves, tuple(pairs), marks_a)
