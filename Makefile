# `make demo` and `make test` are all that a fresh machine needs; each makes .venv first.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2
ROOMS  := core builder dft analysis workflow cli templates examples
FILES  := $(shell find $(ROOMS) -name '*.py' -o -name '*.pyi' -o -name '*.yaml' -o -name '*.cif' -o -name '*.xyz' -o -name '*.csv' -o -name '*.gz' -o -name '*.sh' -o -name '*.html' -o -name '*.css' -o -name '*.js' -o -name '*.mplstyle' -o -name '*.typed' 2>/dev/null)

# The folder with the models that the study's group published, and results: NAME=FOLDER ...
MODELS  ?=
RESULTS ?=

.PHONY: demo test lint install docs reference site study clean help

help:
	@echo "make demo     a small nanocrystal from crystal to gap, and the three models of the study"
	@echo "make test     lint, types and all tests; names what it skips where CP2K is absent"
	@echo "make docs     the pictures of README.md and docs/"
	@echo "make reference  docs/reference, from the models, parsers and records"
	@echo "make site     the documentation in build/site, strict; it needs no network"
	@echo "make study    docs/study.md, MODELS=folder of the published models, RESULTS=NAME=FOLDER"
	@echo "make install  the environment in .venv (needed again after a file was added)"

install: $(VENV)/installed

# The list of files is part of the stamp: a strict editable install links each file by itself.
$(VENV)/installed: pyproject.toml $(VENV)/files
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --config-settings editable_mode=strict --editable '.[dev]'
	@touch $@

$(VENV)/files: $(BIN)/python FORCE
	@echo '$(sort $(FILES))' | cmp -s - $@ || echo '$(sort $(FILES))' > $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

FORCE:

demo: install
	@$(BIN)/python examples/demo.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations 25

docs: install
	$(BIN)/python docs/make_images.py
	$(BIN)/python docs/make_matching.py

reference: install
	$(BIN)/python docs/make_recipe_reference.py
	$(BIN)/python docs/make_command_reference.py
	$(BIN)/python docs/make_file_reference.py

site: install
	$(BIN)/sphinx-build --quiet --fail-on-warning -b html -d build/doctrees docs build/site
	@echo "build/site/index.html"

study: install
	$(BIN)/epicarve study $(MODELS) -o docs $(addprefix --results ,$(RESULTS))

clean:
	rm -rf $(VENV) build demo *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
