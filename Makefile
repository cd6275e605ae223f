.PHONY: help setup demo check test test-slow bench fix lock

ENV := .venv
RUN := $(ENV)/bin

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(ENV)/demo: requirements/demo.txt pyproject.toml
	test -x $(RUN)/pip || python3 tools/bootstrap.py $(ENV)
	$(RUN)/pip install --quiet --no-deps --require-hashes -r requirements/demo.txt
	$(RUN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(ENV)/dev: requirements/dev.txt pyproject.toml
	test -x $(RUN)/pip || python3 tools/bootstrap.py $(ENV)
	$(RUN)/pip install --quiet --no-deps --require-hashes -r requirements/dev.txt
	$(RUN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

setup: $(ENV)/dev ## Make the environment

demo: $(ENV)/demo ## Weigh a real model: audit, verdict, signed evidence, report
	$(RUN)/python tools/demo.py

check: $(ENV)/dev ## What CI runs: format, lint, types, architecture, tests
	$(RUN)/ruff format --check
	$(RUN)/ruff check
	$(RUN)/mypy
	$(RUN)/lint-imports --no-cache
	$(MAKE) test

test: $(ENV)/dev ## Tests; T="-k name" narrows
	$(RUN)/pytest $(T)

test-slow: $(ENV)/dev ## Long tests too: real peers, real model, fuzzing
	$(RUN)/pytest -m "slow and not gpu" $(T)

bench: $(ENV)/dev ## Measure against peers in environments of their own; prints ratios
	$(RUN)/python -m bench

fix: $(ENV)/dev ## Format, and mend what lint can
	$(RUN)/ruff check --fix
	$(RUN)/ruff format

lock: $(ENV)/dev ## Pin every dependency by hash again
	$(RUN)/uv pip compile --quiet --universal --generate-hashes pyproject.toml --extra local --group build -o requirements/demo.txt
	$(RUN)/uv pip compile --quiet --universal --generate-hashes pyproject.toml --extra local --group build --group dev -o requirements/dev.txt
