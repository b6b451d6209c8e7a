# The shop's commands. They need Python 3.11 or newer and make; packages are installed into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 8001
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
PARALLEL := --numprocesses auto --dist worksteal
ONLY ?= $(patsubst tests/faults/test_%.py,%,$(wildcard tests/faults/test_*.py))

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

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
	$(PYTEST) $(PARALLEL) --ignore tests/faults --suite quick

test-all: test ## Run the tests on both databases throughout, and the slow ones
	$(PYTEST) $(PARALLEL) --ignore tests/faults --suite rest

journeys: $(VENV)/dev.stamp ## Walk every page in a real browser
	$(PYTEST) $(PARALLEL) tests/journeys

coverage: $(VENV)/dev.stamp ## Measure the branches of payments, pricing, orders and chpter that the tests run
	$(PYTEST) $(PARALLEL) --ignore tests/faults --ignore tests/journeys --cov

lint: $(VENV)/dev.stamp ## Run the linters, offline
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/python bin/audit.py --offline

audit: $(VENV)/dev.stamp ## Check the code, the files for secrets, and the packages for known vulnerabilities
	$(BIN)/python bin/audit.py

faults: $(VENV)/dev.stamp ## Run the fault programmes at full size (ONLY=kills runs one), and write docs/proof.md
	@for programme in $(ONLY); do FAULTS=long $(PYTEST) --numprocesses auto tests/faults/test_$$programme.py || failed=1; done; exit $${failed:-0}

faults-short: $(VENV)/dev.stamp ## Run a short form of the fault programmes
	$(PYTEST) $(PARALLEL) tests/faults

bench: $(VENV)/dev.stamp ## Measure the pages and lists
	$(BIN)/python -m bench

lock: $(VENV)/dev.stamp ## Pin the newest versions in requirements*.txt
	@for set in requirements requirements-dev; do \
		$(BIN)/pip-compile --quiet --upgrade --no-header --strip-extras --no-emit-index-url --no-emit-trusted-host \
			--no-emit-find-links --output-file $$set.txt $$set.in && \
		sed -i.old 's/^\(backports-zstd==[^ ]*\)$$/\1 ; python_version < "3.14"/' $$set.txt && rm $$set.txt.old; \
	done

.PHONY: help run test test-all journeys coverage faults faults-short lint audit bench lock
