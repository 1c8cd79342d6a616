# Everything does its own set-up: a fresh machine needs python3 (3.11 or newer) with venv, make and the network.
# The environment lives in $(VENV); a stamp file in it makes the second run instant.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PAGE := src/twcmaster/api/static
PAGE_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dev/*')
UV := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet

.PHONY: help demo page test check style types imports docs-check fix lock openapi bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo        the whole program on virtual wall connectors, no hardware needed"
	@echo "make page        the web page, built into the package"
	@echo "make test        every test (at most 10 minutes)"
	@echo "make check       style, types, import rules, documentation"
	@echo "make fix         format the code and mend what can be mended by itself"
	@echo "make openapi     describe the API anew (src/twcmaster/api/openapi.json)"
	@echo "make bench       measure what the README claims"
	@echo "make lock        refresh the locked dependencies in requirements/"
	@echo "make clean       remove the environment and all caches"

demo: $(VENV)/.run page
	@$(BIN)/twcmaster demo $(ARGS)

# Two files at a time: much of a test's time is waiting for real heartbeats. More would make a Raspberry Pi swap.
test: $(VENV)/.dev page
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

# Node comes as a Python package with the locked build dependencies; nothing else needs it.
page: $(PAGE)/index.html

$(PAGE)/index.html: $(PAGE_SOURCES) hatch_build.py | $(VENV)/.run
	@echo "Building the page (half a minute the first time)"
	@$(BIN)/python hatch_build.py
	@touch $@

# `make --keep-going check` shows every complaint at once.
check: style types imports docs-check

style: $(VENV)/.dev
	@echo "Style: ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@echo "Types: mypy --strict"
	@$(BIN)/mypy --strict src tests benchmarks

imports: $(VENV)/.dev
	@echo "Architecture: import-linter"
	@$(BIN)/lint-imports --no-logo

docs-check: $(VENV)/.dev
	@echo "Documentation and repository rules"
	@$(BIN)/python -m pytest --quiet tests/project

fix: $(VENV)/.dev
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

openapi: $(VENV)/.dev
	@$(BIN)/python -m twcmaster.api.openapi > openapi.new && mv openapi.new src/twcmaster/api/openapi.json

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

# The runtime lock bounds the development lock, so that tests run what people run.
lock: $(VENV)/.dev
	@echo "Locking the newest versions that pyproject.toml allows"
	@$(UV) --upgrade --group build -o requirements/build.txt
	@$(UV) --upgrade pyproject.toml -o requirements/run.txt
	@$(UV) --upgrade pyproject.toml --group dev -c requirements/run.txt -c requirements/build.txt -o requirements/dev.txt

clean:
	rm -rf .venv .venv-* build dist web/node_modules $(PAGE) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# ── set-up ────────────────────────────────────────────────────────────────────────────────────────────────────────

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "twcmaster needs Python 3.11 or newer, but '$(PYTHON)' was not found."; \
	  echo "Install it (sudo apt install python3 python3-venv) or name another: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "twcmaster needs Python 3.11 or newer, but $(PYTHON) is '$$($(PYTHON) --version 2>&1)'."; \
	  echo "Name a newer one: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: its venv module is missing."; \
	  echo "Install it: sudo apt install python3-venv"; exit 1; }
	@echo "Creating the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/build.txt requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing twcmaster and its locked dependencies (about half a minute, longer on a Raspberry Pi)"
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing the locked tools for tests and checks (about a minute)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
