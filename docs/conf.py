"""Settings of the site: `make site` builds it with Sphinx, and stops at any warning."""

from __future__ import annotations

from typing import Any

import epicarve

project = "epicarve"
author = copyright = "The epicarve authors"  # noqa: A001
version = release = epicarve.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
]
default_role = "code"

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
toc_object_entries = False  # a third of the time
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"epicarve {epicarve.__version__}"
html_show_sourcelink = False

FRONT_DOOR = "reference/api/index"
PUBLIC = {id(getattr(epicarve, name)) for name in epicarve.__all__}


def skip_what_is_public(app: Any, what: str, name: str, thing: Any, *_: Any) -> bool | None:
    """Leave out of the rooms what stands on the page of the front door."""
    elsewhere = app.env.current_document.docname != FRONT_DOOR
    return True if elsewhere and id(thing) in PUBLIC else None


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("autodoc-skip-member", skip_what_is_public)
