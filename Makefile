# Everything a newcomer needs: `make run`, `make test`. `make help` lists the rest.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
# The prerequisites of a target run in the order written, with -j too.
.NOTPARALLEL:
.DEFAULT_GOAL := help

# Settings of single targets, given as NAME=VALUE.
DEMO ?= yes
ONLY ?=
ARGS ?=
SEED ?=
MINUTES ?= 3
UPGRADE ?= no

.PHONY: help venv venv-app venv-dev venv-bench packages run test check contracts lock bench soak clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

venv: venv-dev ## Create .venv with everything needed to run, check and test
	@echo "Ready: .venv (activate it with: . .venv/bin/activate)"

venv-app venv-dev venv-bench:
	@scripts/venv.sh $(@:venv-%=%)

run: venv-app ## Start everything in one process; DEMO=no leaves the demonstration set out
	@exec .venv/bin/keytalk up $(if $(filter no,$(DEMO)),--no-demo)

test: venv-dev check packages ## Check, then run the whole suite; ARGS="..." goes to pytest
	@exec scripts/test.sh $(ARGS)

check: venv-dev ## Formatting, lint, types, import contracts and the events' promises
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python -m shared.contracts check

contracts: venv-dev ## Write docs/events.md, docs/asyncapi.json and the record of published shapes again
	@.venv/bin/python -m shared.contracts write

packages:
	@scripts/system-packages.sh

lock: ## Write requirements/*.txt again from the .in files; UPGRADE=yes takes newer releases
	@scripts/lock.sh $(if $(filter yes,$(UPGRADE)),--upgrade)

bench: venv-bench ## Measure beside the peers; ONLY=name,... runs some parts alone
	@scripts/system-packages.sh --own-servers
	@exec .venv/bin/python -m bench $(if $(ONLY),--only '$(ONLY)')

soak: venv-dev ## Break everything at random under load; SEED=n repeats a run, MINUTES=n says for how long
	@scripts/system-packages.sh --own-servers
	@exec .venv/bin/python -m tests.faults.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

clean: ## Remove .venv, caches and build leftovers; var/ with its data stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
