# RUN. Every target does its own set-up: only Python 3.11+ and make are needed.
# `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
OUT ?= demo-out
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test serve check lint bench conformance soak frontend screenshots messages clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1|\2/' | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "RUN needs Python 3.11 or later: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the locked dependencies (about half a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

frontend: $(STAMP) ## Build the front end when its sources have changed
	@$(BIN)/python hatch_build.py

demo: $(STAMP) ## Tell the story of 46 villages; files go to OUT=demo-out
	@$(BIN)/franchise demo --out $(OUT)

serve: $(STAMP) frontend ## Start the site with the demonstration loaded, at http://127.0.0.1:8000
	@FRANCHISE_DATABASE_URL=$${FRANCHISE_DATABASE_URL:-sqlite:///var/demo/franchise.db} \
	 FRANCHISE_FILES_DIR=$${FRANCHISE_FILES_DIR:-var/demo/files} \
	 $(BIN)/franchise serve --demo

test: $(STAMP) frontend ## Run the tests (SQLite and PostgreSQL, browser where there is a Chromium)
	@$(BIN)/python -m pytest -n $(WORKERS) -q -m "not soak and not conformance" tests

lint: $(STAMP) ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint test ## Everything CI runs: linters, then the tests

bench: $(STAMP) frontend ## Measure ourselves and our peers; lines of "bench NAME ratio VALUE bar BAR"
	@for file in bench/*.py; do case $$file in */__init__.py) ;; *) $(BIN)/python -m bench.$$(basename $$file .py) || exit 1;; esac; done

conformance: $(STAMP) ## Tests that read ../shared
	@$(BIN)/python -m pytest -q -m conformance tests

soak: $(STAMP) frontend ## The long forms of the random and killing tests
	@$(BIN)/python -m pytest -n $(WORKERS) -q -o faulthandler_timeout=7200 -m "soak or not soak" tests

messages: $(STAMP) ## Bring the catalogues in step with the texts in the sources
	@$(BIN)/python -m translations.extract

screenshots: $(STAMP) frontend ## Every page at 1280 and 360 px in English and French, into screenshots/
	@$(BIN)/python -m tests.screenshots

clean: ## Remove what the targets above made
	rm -rf $(VENV) demo-out var screenshots server/static/dist server/frontend/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
