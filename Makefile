# Every target sets up what it needs first; none needs an activated environment.
.DEFAULT_GOAL := help
.PHONY: help rehearsal soak bench test test-fast coverage lint lab clean

help:       ## show this list
	@grep -E '^[a-z-]+: .*##' Makefile | sed 's/: *[^#]*## /\t/' | expand -t 14

rehearsal:  ## set up everything, bring the lab up, run the release path, leave outputs/index.html; APPLICATION=shop: the second one
	@./setup.sh lab
	@.venv/bin/python -m lab.rehearsal $(if $(APPLICATION),--application $(APPLICATION))

soak:       ## set up everything, run the long resilience tests on a separate lab (hours), leave outputs/soak/
	@./setup.sh lab
	@.venv/bin/python -m lab.resilience

bench:      ## set up everything, compare the runbooks with the plan's manual commands (15 minutes)
	@./setup.sh lab
	@.venv/bin/python -m lab.bench

test:       ## set up everything, run all tests
	@./setup.sh test
	@.venv/bin/python -m tests.again -n 4 --durations=25

test-fast:  ## the unit tests alone: seconds, no lab
	@./setup.sh python
	@.venv/bin/python -m pytest tests/unit -q -n auto

coverage:   ## the unit tests with the lines of runbook_lib that they run; fails below the floor in pyproject.toml
	@./setup.sh python
	@.venv/bin/python -m pytest tests/unit -q -n auto --cov --cov-report=term

lint:       ## ruff, mypy (strict for runbook_lib and lab, relaxed for tests), shellcheck for scripts
	@./setup.sh python
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@git ls-files -z '*.sh' .ci/run | xargs -0 -r .venv/bin/shellcheck

lab:        ## a complete staging server on this machine running v3.1.0: environment "lab" of the runbooks
	@./setup.sh lab
	@.venv/bin/python -m lab up --release v3.1.0

clean:      ## take the lab down, remove .venv and caches; outputs/ stays, it is evidence
	@if [ -x .venv/bin/python ] && [ -d .lab ]; then .venv/bin/python -m lab down --all; fi
	@rm -rf .venv .lab .pytest_cache .mypy_cache .ruff_cache .hypothesis
