# Lockstep's workshop. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
TEST_READY := $(VENV)/.ready-test
PEERS_READY := $(VENV)/peers/.ready
PACKAGES := store realtime http_api
# Test processes. One more than two cores: end-to-end tests mostly wait for the servers they drive.
WORKERS ?= 3
CHECKED := $(PACKAGES) tests nginx containers $(wildcard bench)

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

.PHONY: install
install: $(RUN_READY) ## Make .venv with the lockstep command (runtime dependencies only)

.PHONY: run
run: $(RUN_READY) ## Serve on http://127.0.0.1:8000, setting up whatever is missing
	@exec $(BIN)/lockstep serve

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Lockstep needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# A stamp per set of dependencies: nothing is installed again until a lock file changes.
# Both sets agree on every version (`make lock`), so installing the second never undoes the first.
$(RUN_READY): requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing Lockstep into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(TEST_READY): requirements/dev.txt $(RUN_READY)
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: dev
dev: $(TEST_READY) ## Install what checks and tests need, too

# Each by itself, so that `make --keep-going check` tells everything at once.
.PHONY: check check-format check-lint check-types check-imports
check: check-format check-lint check-types check-imports ## Format, lint, types, imports, in seconds
check-format: $(TEST_READY)
	@$(BIN)/ruff format --check $(CHECKED)
check-lint: $(TEST_READY)
	@$(BIN)/ruff check $(CHECKED)
check-types: $(TEST_READY)
	@$(BIN)/mypy $(CHECKED)
check-imports: $(TEST_READY)
	@$(BIN)/lint-imports

.PHONY: format
format: $(TEST_READY) ## Format and mend what can be mended without thought
	@$(BIN)/ruff check --fix-only $(CHECKED)
	@$(BIN)/ruff format $(CHECKED)

.PHONY: test
test: $(TEST_READY) ## Install and start what the tests need, and run every test
	@tests/install_servers.sh
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

$(PEERS_READY): requirements/bench.txt bench/peers/node/package-lock.json | $(BIN)/python
	@echo "Installing what the benchmarks compare with into $(VENV)/peers ..."
	@$(PYTHON) -m venv $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@if command -v npm >/dev/null; then cd bench/peers/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; \
		else echo "Without npm the peers on Node are left out." >&2; fi
	@touch $@

.PHONY: bench
bench: $(TEST_READY) $(PEERS_READY) ## Measure, and print figures beside their goals (ONLY=delivery: one benchmark)
	@$(BIN)/python -m bench $(ONLY)

# `uv` comes with the development dependencies. The files name no host: any index may serve them.
LOCK := compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" pyproject.toml --group build

.PHONY: lock
lock: ## Resolve the dependencies anew into requirements/ (UPGRADE=--upgrade for the newest)
	@UV=$$(command -v $(BIN)/uv || command -v uv) && \
	$$UV pip $(LOCK) $(UPGRADE) -o requirements/run.txt && \
	$$UV pip $(LOCK) $(UPGRADE) --extra dev -c requirements/run.txt -o requirements/dev.txt && \
	$$UV pip $(LOCK) $(UPGRADE) --extra bench -c requirements/run.txt -o requirements/bench.txt

.PHONY: clean
clean: ## Remove the environment and caches; var/ (your data) stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis tests/node/node_modules bench/peers/node/node_modules
