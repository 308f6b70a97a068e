# The one command surface of the project; `make` alone explains it.
# PYTHON picks the interpreter (3.11 or newer), ARGS goes to the command behind a target,
# PROCESSES is how many test processes run side by side: most tests wait for something.
# What they compile is kept, also where the environment says otherwise: it is half of
# what a process does before its first test.
PYTHON ?= python3
ARGS ?=
CORPORA ?=
PROCESSES ?= 4

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
BENCH := $(VENV)/.bench-installed
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

LOCK_VENV := .lock-venv
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK_VENV)/bin/uv pip compile pyproject.toml \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo run test check services bench bench-isolation bench-store faults soak scenarios corpora lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Play a region with citizens and agencies on this machine
	@$(BIN)/simpul demo $(ARGS)

run: $(RUNTIME) ## Start the hub, everything in one process
	@$(BIN)/simpul run $(ARGS)

test: services ## Run all tests; ARGS="tests/unit -k name" for some of them
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEV) ## Lint, format, types, borders between packages, dependencies
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .

services: $(DEV) ## Make sure that the servers which the tests start are installed
	@deploy/services.sh $(BIN)/python

bench: services $(BENCH) ## Measure the hub beside its peers; ARGS=--quick for a first look
	@$(BIN)/python -m tests.bench $(ARGS)

bench-isolation: services ## Measure whether agencies that hang delay the others
	@$(BIN)/python -m tests.bench.isolation $(ARGS)

bench-store: services ## Measure the store with ten million cursors (needs 25 GB)
	@$(BIN)/python -m tests.bench.store $(ARGS)

faults: services ## Break things many times over: kills, outages, duplicates (30 minutes)
	@SIMPUL_FAULT_ROUNDS=8 $(BIN)/python -m pytest tests/faults -s $(ARGS)

soak: ## Hours under load (comes in a later release)
	@echo "make soak comes in a later release." >&2; exit 2

scenarios: services ## Show every acceptance scenario: pass, fail or not yet, and its figure
	@$(BIN)/python -m tests.scenarios $(ARGS)

corpora: $(DEV) ## Score the readers on collections of messages; CORPORA=FOLDER, ARGS=--wrong
	@$(BIN)/python -m tests.corpora "$(CORPORA)" $(ARGS)

lock: $(LOCK_VENV)/bin/uv ## Write the lock files anew; ARGS=--upgrade takes newer versions
	@echo "Locking dependencies into deploy/requirements*.txt"
	@$(LOCK) --group build -o deploy/requirements.txt
	@$(LOCK) --group build --group dev -c deploy/requirements.txt -o deploy/requirements-dev.txt
	@$(LOCK) --group build --group dev --group bench -c deploy/requirements-dev.txt -o deploy/requirements-bench.txt

clean: ## Remove everything that make and the tools made
	@rm -rf $(VENV) $(LOCK_VENV) dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage htmlcov
	@find hub connectors schemas tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The development lock holds the same versions as the runtime lock and more, so the
# two installations follow each other in one environment.
$(RUNTIME): deploy/requirements.txt pyproject.toml
	@echo "Preparing $(VENV) (once per change of the dependencies, about half a minute)"
	@deploy/bootstrap-venv.sh $(PYTHON) $(VENV)
	@$(PIP_INSTALL) --require-hashes -r deploy/requirements.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUNTIME) deploy/requirements-dev.txt
	@echo "Adding the development tools to $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r deploy/requirements-dev.txt
	@touch $@

$(BENCH): $(DEV) deploy/requirements-bench.txt
	@echo "Adding the libraries that the hub is measured beside to $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r deploy/requirements-bench.txt
	@touch $@

$(LOCK_VENV)/bin/uv:
	@echo "Preparing $(LOCK_VENV) with uv"
	@deploy/bootstrap-venv.sh $(PYTHON) $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip install -qq --disable-pip-version-check 'uv>=0.13,<0.14'
