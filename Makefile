# `make demo` shows what Obit does, `make test` checks all of it; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE := CMakeLists.txt pyproject.toml $(wildcard native/*/*)
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint types contracts unit integration exclusive fuzz bench bench-capture storm man docs dev test-packages clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

# --- set-up: each stamp is a step that is not repeated ---

setup: build ## packages (as root), .venv and .venv/bin/obit
	@echo "ready: $(BIN)/obit"

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Obit needs Python 3.11 or newer, and $(PYTHON) is not: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.11" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.built: $(VENV)/.created $(NATIVE)
	$(BIN)/python -m pip install -q 'scikit-build-core>=0.11' 'cffi>=1.16'
	flock $(VENV)/.lock $(BIN)/python -m pip install -q --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.built
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1' # the first that knows --group
	$(BIN)/python -m pip install -q --group dev
	@touch $@

.PHONY: run-packages
run-packages:
	@tools/packages.sh packages/debian.txt

test-packages: run-packages
	@tools/packages.sh packages/debian-test.txt

build: run-packages ## compile the extensions again where native/ changed
	@$(MAKE) -q $(VENV)/.built || $(MAKE) --no-print-directory $(VENV)/.built

dev: build
	@$(MAKE) -q $(VENV)/.dev || $(MAKE) --no-print-directory $(VENV)/.dev

# --- what it does ---

demo: build ## a C and a C++ program crash, and the reports say why
	@BIN=$(BIN) tools/demo.sh

# --- what holds it ---

test: lint types contracts unit integration exclusive ## everything that must hold

lint: dev ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev ## mypy --strict, tests included
	$(BIN)/mypy

contracts: dev ## import-linter: the layers of ARCHITECTURE.md
	$(BIN)/lint-imports --no-cache

unit: dev test-packages ## fast, pure tests
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/unit

integration: dev test-packages ## real programs, files and processes, and the command as a black box
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m 'not exclusive' --ignore tests/unit tests

exclusive: dev test-packages
	@$(BIN)/python -m pytest -q -m exclusive --ignore tests/unit tests || [ $$? = 5 ] # 5: there are none

fuzz: dev test-packages ## 20,000 mutated cores, executables and debug files through obit analyze (about half an hour)
	$(BIN)/python -m tests.fuzz.run --count 20000 --seed 1 --jobs $(WORKERS)

bench: dev test-packages ## ratios against gdb, measured now, into benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.bench

bench-capture: dev test-packages ## what it costs to catch a crash, as root, into benchmarks/RESULTS-capture.md (about half an hour)
	$(BIN)/python -m benchmarks.capture

storm: dev test-packages ## 1,000 crashes while processes of the agent are killed, as root
	OBIT_STORM=1000 $(BIN)/python -m pytest -q tests/system/test_storm.py

man: dev ## manual pages, from the commands themselves
	$(BIN)/python tools/man.py

docs: dev ## the generated pages of docs/
	$(BIN)/python tools/docs.py
	$(BIN)/python tools/promises.py
	$(BIN)/python tools/readme_output.py

clean: ## everything that was made here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
