# `make` lists the targets. A fresh clone needs Python 3.11 or later, make and (on Debian) apt; the rest is fetched.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DELETE_ON_ERROR:
# What Python compiled, and pytest rewrote, is kept for the next of the many programs that the tests start.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PYTHON := $(VENV)/bin/python
# The tools that look at the code import the settings: they get a data directory of their own, never the real one.
CHECK_ENV := WATCHROOM_DATA=build/check WATCHROOM_SECRET_KEY=only-for-checks DATABASE_URL= \
	DJANGO_SETTINGS_MODULE=watchroom.settings
# Pytest workers. First the tests that need the database, and perhaps a browser; then those that start and kill whole programs,
# which mostly wait for them: each has ports, data and a database of its own. One more worker than there are processors, up to
# eight, because now and then each of them waits. 0: no workers.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 8 ? cores + 1 : 8)))
WHOLE := peer or slow
# The files that have such tests: to read all the others takes each worker longer than many a test.
WHOLE_FILES := $(sort $(shell grep -rlE "mark\.(peer|slow)\b" tests --include="test_*.py"))
# Further arguments to pytest, such as ARGS="-k escalation -x".
ARGS ?=
# With arguments that select tests, one of the two parts may have none (pytest's exit code 5).
MAYBE_NONE := $(if $(ARGS),|| test $$? -eq 5)
PYTEST := env -u DJANGO_SETTINGS_MODULE $(PYTHON) -m pytest

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name text; do \
		printf '  make %-16s %s\n' "$$name" "$$text"; done

.PHONY: run
run: $(VENV)/.installed ## Start Watchroom and print its address and how to sign in
	@exec $(VENV)/bin/watchroom serve

.PHONY: test
test: peers check test-sqlite test-postgres ## Everything: linters, then all tests on SQLite and on PostgreSQL

.PHONY: check
check: $(VENV)/.installed-dev ## Linters, types, layers, missing migrations
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	@mkdir -p build/check
	$(CHECK_ENV) $(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	@for models in src/watchroom/*/models.py; do test -d "$${models%models.py}migrations" || \
		{ echo "$$models has no migrations beside it: Django would take it for an app that needs none." >&2; exit 1; }; done
	$(CHECK_ENV) $(PYTHON) -m django makemigrations --check --dry-run

.PHONY: format
format: $(VENV)/.installed-dev ## Rewrite the code in the house layout
	$(VENV)/bin/ruff check --fix --exit-zero --quiet
	$(VENV)/bin/ruff format

.PHONY: test-fast
test-fast: $(VENV)/.installed-dev ## Tests on SQLite without the browser and other programs
	DATABASE_URL= $(PYTEST) -n $(WORKERS) -m "not ($(WHOLE) or browser)" $(ARGS)

.PHONY: test-sqlite
test-sqlite: peers ## All tests on SQLite
	DATABASE_URL= $(PYTEST) -n $(WORKERS) -m "not ($(WHOLE))" --junitxml=build/junit-sqlite.xml $(ARGS) $(MAYBE_NONE)
	DATABASE_URL= $(PYTEST) -n $(WORKERS) -m "$(WHOLE)" --junitxml=build/junit-sqlite-whole.xml $(or $(ARGS),$(WHOLE_FILES)) $(MAYBE_NONE)

.PHONY: test-postgres
test-postgres: peers ## All tests on a throw-away PostgreSQL
	scripts/with-postgres $(PYTEST) -n $(WORKERS) -m "not ($(WHOLE))" --junitxml=build/junit-postgres.xml $(ARGS) $(MAYBE_NONE)
	scripts/with-postgres $(PYTEST) -n $(WORKERS) -m "$(WHOLE)" --junitxml=build/junit-postgres-whole.xml $(or $(ARGS),$(WHOLE_FILES)) $(MAYBE_NONE)

.PHONY: bench
bench: peers ## The benchmarks
	@command -v wrk >/dev/null || scripts/apt-install wrk
	PYTHONPATH=tests $(PYTHON) -m bench $(ARGS)

.PHONY: peers
peers: $(VENV)/.installed-dev ## The programs that tests talk to: PostgreSQL, Chromium, Prometheus, Alertmanager
	@scripts/install-peers

.PHONY: clean
clean: ## Remove what was made, but never ./data
	rm -rf $(VENV) build artifacts src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@scripts/make-venv $(VENV)

# Stamps: a second run is instant until pyproject.toml changes.
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.installed $@
