# Every target does its own set-up; `make help` lists them.
export POSTROOM_HOME ?= $(CURDIR)/data
export DAGSTER_HOME := $(CURDIR)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := .venv/bin
RUN := .venv/.run-installed
TEST := .venv/.test-installed
DUPLICATES := .venv/.duplicates-installed

.DEFAULT_GOAL := help
.PHONY: help run ui preview test test-all lint bench online-retail duplicates measure-duplicates lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-19s %s\n", $$1, $$2}' Makefile

run: $(RUN) ## Make sample extracts if there are none, run the daily job on the newest day, print what it decided
	@$(BIN)/postroom sample
	@$(BIN)/postroom run

ui: $(RUN) ## Start Dagster's UI on localhost, with the schedule and the sensor running
	@$(BIN)/postroom ui

test: $(TEST) ## Run every test but the heavy ones
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not heavy"

test-all: $(TEST) ## Run every test, the heavy ones too
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(TEST) ## Check style, types and every definition
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy alerting benchmarks copywriting delivery disk doctor duplicates engine ingest orchestration exports privacy samples workbench
	@$(BIN)/postroom lint

bench: $(RUN) ## Measure Postroom beside its yardsticks: make bench SIZE=S, M or L
	@$(BIN)/python -m benchmarks --size $(or $(SIZE),S)

preview: $(RUN) ## Show every campaign and block in a browser: desktop and phone, light and dark
	@$(BIN)/postroom preview

online-retail: $(RUN) ## Backfill all of UCI Online Retail: make online-retail FROM=<folder of daily CSV files>
	@$(BIN)/postroom online-retail "$(FROM)"

duplicates: $(DUPLICATES) ## Find contacts that are likely one person; installs Splink, which does the comparing
	@$(BIN)/postroom duplicates

measure-duplicates: $(DUPLICATES) ## Hold what is proposed to known duplicates: make measure-duplicates FROM=<folder of the data>
	@for what in febrl1 febrl3 fake_1000 100000; do $(BIN)/python -m benchmarks.duplicates "$(FROM)" $$what || exit 1; done

lock: $(TEST) ## Pin the dependencies anew, with hashes
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -U -o requirements/run.txt
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra duplicates -c requirements/run.txt -o requirements/duplicates.txt
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra duplicates --extra test -c requirements/run.txt -o requirements/test.txt

clean: ## Remove what can be made again: the virtual environment, the warehouse, dbt's target
	@rm -rf .venv target logs "$(POSTROOM_HOME)"/warehouse.duckdb "$(POSTROOM_HOME)"/published "$(POSTROOM_HOME)"/replay

.venv/bin/python:
	@bash .ci/make-venv

$(RUN): requirements/run.txt pyproject.toml | .venv/bin/python
	@bash .ci/install requirements/run.txt
	@touch $@

$(DUPLICATES): requirements/duplicates.txt $(RUN)
	@bash .ci/install requirements/duplicates.txt
	@touch $@

$(TEST): requirements/test.txt $(RUN)
	@bash .ci/install requirements/test.txt
	@touch $@
