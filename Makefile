# `make` lists what can be done. The environment in .venv is made once, and again when requirements.txt changes.
PYTHON ?= python3
NAMES ?=
REPO ?=
WORKERS ?= 2

VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help notebooks test quick lab refresh measure bench setup site slides models publish reliability zip clean

help:
	@echo "The course, from one vector to attention:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo 'NAMES="03 05" restricts notebooks, refresh and slides to these; PYTHON=python3.12 chooses the Python.'

notebooks: $(VENV)/ready ## execute the notebooks in order: build/notebooks, build/site, build/tables
	@$(RUN) -m series notebooks $(NAMES)

test: $(VENV)/ready ## style, types, then every test; each notebook runs on little data among them
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m mypy
	@$(RUN) -m pytest -n $(WORKERS)

quick: $(VENV)/ready ## style, and the tests that take a moment: less than a minute
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m pytest -n $(WORKERS) -m "not slow"

lab: $(VENV)/ready ## open the notebooks in JupyterLab
	@$(RUN) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks

refresh: $(VENV)/ready ## train everything anew in build/refresh, execute the committed notebooks in place
	@$(RUN) -m series refresh $(NAMES)

measure: $(VENV)/ready ## train what the headlines rest on with several seeds, about an hour: data/measured
	@$(RUN) -m series measure $(NAMES)

bench: $(VENV)/ready ## how fast training is, beside what it was and what it could be: data/measured/bench.csv
	@$(RUN) -m benchmarks.training

setup: $(VENV)/ready ## write notebooks/setup.py into the first cell of every notebook
	@$(RUN) -m series setup

site: $(VENV)/ready ## only the web pages, and the explorer: build/site/index.html, build/site/explorer.html
	@$(RUN) -m series site

slides: $(VENV)/ready ## decks for a lecture, one HTML file each: build/slides
	@$(RUN) -m series slides $(NAMES)

models: $(VENV)/ready ## train the models that come with the course anew: data/models
	@$(RUN) -m series models $(NAMES)

publish: $(VENV)/ready ## write the course's GitHub address, REPO=owner/name, into notebooks and README
	@$(RUN) -m series publish "$(REPO)"

reliability: $(VENV)/ready ## try to break the course, count what was lost: docs/reliability.md
	@$(RUN) -m benchmarks.reliability

zip: $(VENV)/ready ## build/course.zip, to take the course to Colab without an address
	@$(RUN) -m series zip

clean: ## take away build/ and caches (trained models too); the environment stays
	@rm -rf build .pytest_cache .ruff_cache
	@find . -path ./$(VENV) -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +

$(VENV)/ready: requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The course needs Python 3.11 or later, and $(PYTHON) is %d.%d: try make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Making the environment in $(VENV): once, a minute or more (torch is large) ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
