# Everything here sets itself up: Python 3.11 to 3.14 is all a machine needs. Nothing is written outside
# this folder; .venv and .cache hold the lot, and `make clean` removes both.

.DEFAULT_GOAL := help
.PHONY: help install serve test lint lock harness screenshots golden train clean eval

PYTHON ?=
ARGS ?=
HOST ?= 127.0.0.1
PORT ?= 8000

CACHE := $(CURDIR)/.cache
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --no-input
COMPILE := .cache/lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" --quiet
LOCK := $(COMPILE) pyproject.toml --no-emit-package simcustomer

export TMPDIR := $(CACHE)/tmp
export XDG_CACHE_HOME := $(CACHE)/xdg
export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0
export UV_CACHE_DIR := $(CACHE)/uv
export RUFF_CACHE_DIR := $(CACHE)/ruff
export MYPY_CACHE_DIR := $(CACHE)/mypy
export HYPOTHESIS_STORAGE_DIRECTORY := $(CACHE)/hypothesis

$(shell mkdir -p .cache/tmp)

help:  ## show this list
	@echo "make <target>, where target is one of:"
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

install: .venv/.dev  ## set up .venv with everything, for development

serve: .venv/.runtime  ## run the web app on 127.0.0.1:8000 (HOST=, PORT= and ARGS= change that)
	$(BIN)/simcustomer serve --host $(HOST) --port $(PORT) $(ARGS)

test: .venv/.dev  ## run the tests (ARGS="-k affect" passes options to pytest)
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/.dev  ## ruff check, ruff format --check and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

eval: .venv/.dev  ## run the quick evaluation suite on the built-in players and write its report (ARGS=--yes and others)
	$(BIN)/simcustomer eval run quick $(ARGS)
	$(BIN)/simcustomer eval report latest

screenshots: .venv/.dev  ## take the README's screenshots with Chromium
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

train: .venv/.dev  ## learn the built-in appraiser's small model anew from the development replies (minutes)
	$(BIN)/simcustomer eval train-appraiser evals/cues/replies.*.jsonl evals/cues/twins.*.jsonl evals/appraise/replies.*.jsonl evals/appraise/sentences/*.jsonl

golden: .venv/.dev  ## write the golden transcripts of the built-in customer anew (read them before you keep them)
	$(BIN)/python -m tests.golden.make

harness: .venv/.runtime .cache/harness/.made  ## our customers as Inspect's simulated users (docs/harnesses.md)
	XDG_DATA_HOME=$(CACHE)/xdg PYTHONDONTWRITEBYTECODE=1 .cache/harness/bin/python examples/inspect/run.py \
		--serve $(BIN)/simcustomer $(ARGS)

lock: .cache/lock/bin/uv  ## write requirements/*.txt again from pyproject.toml (ARGS=--upgrade moves the pins)
	$(LOCK) --extra build --output-file requirements/runtime.txt $(ARGS)
	$(LOCK) --extra dev --constraints requirements/runtime.txt --output-file requirements/dev.txt $(ARGS)
	$(COMPILE) requirements/harness.in --output-file requirements/harness.txt $(ARGS)

clean:  ## remove .venv, .cache, builds and bytecode
	rm -rf .venv .cache dist build
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- set-up: one environment, two stamps ------------------------------------------------------

# An environment that was moved, or whose Python has gone, is made again.
VENV_OK := $(shell test "$$(cat .venv/.made 2>/dev/null)" = "$(CURDIR)" && $(BIN)/python -c "" 2>/dev/null && echo yes)
ifneq ($(VENV_OK),yes)
.PHONY: .venv/.made
endif

FIND_PYTHON = for candidate in $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3 python); do \
		if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 14) \
			and sys.implementation.name == "cpython"))' >/dev/null 2>&1; \
		then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "error: no usable Python found: simcustomer needs CPython 3.11, 3.12, 3.13 or 3.14 with venv" >&2; \
		echo "       (on Debian and Ubuntu: apt install python3 python3-venv)." >&2; \
		echo "       Yours is elsewhere? make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi

.venv/.made:
	@python=; $(FIND_PYTHON); echo "Setting up .venv with $$("$$python" --version) ..."; \
	rm -rf .venv && "$$python" -m venv .venv && echo "$(CURDIR)" > $@

.venv/.runtime: .venv/.made requirements/runtime.txt pyproject.toml
	@echo "Installing what simcustomer needs (a minute or two the first time) ..."
	@$(PIP) --require-hashes --requirement requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.made requirements/dev.txt pyproject.toml
	@echo "Installing what simcustomer and its tests need (a minute or two the first time) ..."
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch .venv/.runtime $@

# Inspect has an environment of its own: see requirements/harness.in.
.cache/harness/.made: requirements/harness.txt
	@python=; $(FIND_PYTHON); echo "Setting up .cache/harness with Inspect (a minute or two the first time) ..."; \
	rm -rf .cache/harness && "$$python" -m venv .cache/harness
	@.cache/harness/bin/python -m pip install --quiet --quiet --no-input --require-hashes --requirement requirements/harness.txt
	@touch $@

.cache/lock/bin/uv:
	@python=; $(FIND_PYTHON); "$$python" -m venv .cache/lock
	@.cache/lock/bin/python -m pip install --quiet --no-input uv
