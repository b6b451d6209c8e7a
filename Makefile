# The shop's commands. They need Python 3.11 or newer and make; packages are installed into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 8001
VENV := .venv
BIN := $(VENV)/bin

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "make %-8s %s\n", $$1, $$2 }'

$(VENV)/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The shop needs Python 3.11 or newer; try: make PYTHON=python3.12 run")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: $(VENV)/run.stamp ## Serve the shop, with a sandbox in place of Chpter
	@exec env PORT=$(PORT) SANDBOX_PORT=$(SANDBOX_PORT) BIN=$(BIN) sh bin/run-demo

test: $(VENV)/dev.stamp ## Run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: $(VENV)/dev.stamp ## Run the linters, offline
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/python bin/audit.py --offline

audit: $(VENV)/dev.stamp ## Check the code, the files for secrets, and the packages for known vulnerabilities
	$(BIN)/python bin/audit.py

faults: $(VENV)/dev.stamp ## Run the fault tests at full size, and write docs/proof.md
	FAULTS=long $(BIN)/python -m pytest --numprocesses auto --maxschedchunk 1 --durations 40 tests/faults

bench: $(VENV)/dev.stamp ## Measure the pages and lists
	$(BIN)/python -m bench

lock: $(VENV)/dev.stamp ## Pin the newest versions in requirements*.txt
	@for set in requirements requirements-dev; do \
		$(BIN)/pip-compile --quiet --upgrade --no-header --strip-extras --no-emit-index-url --no-emit-trusted-host \
			--no-emit-find-links --output-file $$set.txt $$set.in && \
		sed -i.old 's/^\(backports-zstd==[^ ]*\)$$/\1 ; python_version < "3.14"/' $$set.txt && rm $$set.txt.old; \
	done

.PHONY: help run test faults lint audit bench lock
