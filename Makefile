# Two commands do everything: `make run` serves the sample model, `make test` tests it all.
PYTHON ?= python3
MODEL  ?= iris
BUNDLES ?= model/bundles
export BUNDLES MODEL

BIN   := .venv/bin
# The stamp changes with the lock, so that nothing is installed twice and nothing stale is used.
STAMP := .venv/.ready-$(shell cksum < locks/dev.txt | cut -d' ' -f1)

.PHONY: help run test setup lint train check reach bench lock clean

help:     ## show this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: setup ## serve $(MODEL) on port 5000
	@HOST=$${HOST:-127.0.0.1} PUBLIC_METRICS=$${PUBLIC_METRICS:-1} $(BIN)/python -m api

test: setup lint ## lint, types, tests
	@$(BIN)/python -m pytest $(ARGS)

setup: $(STAMP) ## make .venv from the locked, hashed requirements

$(STAMP): locks/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with make PYTHON=python3.x")'
	@echo "setting up .venv (once, about a minute)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	@touch $@

lint: setup ## ruff and mypy, strict
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

train: setup ## train the sample models again
	@for name in iris wine purchase churn echo; do $(BIN)/python -m model train $$name --replace || exit; done

check: setup ## verify every bundle: digests, versions, answers
	@$(BIN)/python -m model check

reach: setup ## try every estimator of scikit-learn, and write docs/models.md
	@$(BIN)/python -m tests.model.packing.reach

bench: setup ## measure this server beside its peers (needs wrk; installs them under build/)
	@$(BIN)/python -m benchmarks.rows && $(BIN)/python -m benchmarks.serve

lock: setup ## resolve the newest versions into locks/ (no download address is written)
	@for set in serve: full:full dev:dev; do \
	  $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
	    --no-annotate --no-header $$(test -n "$${set#*:}" && echo --extra $${set#*:}) pyproject.toml \
	    --output-file locks/$${set%%:*}.txt || exit; done

clean: ## remove what the commands above made
	@rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis
