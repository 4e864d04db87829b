# `make demo` does the main job, `make test` runs the tests. Both install what they need into .venv,
# once, and again only when pyproject.toml or constraints/ci.txt change.
# GNU make 3.81 is enough, so that the one macOS ships will do.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DIST := dist
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
COG := $(BIN)/cog --verbosity=1 -I scripts
PAGES := README.md $(wildcard docs/*.md)
BENCHES ?= $(sort $(wildcard bench/*.py))

.PHONY: demo test test-all check fix bench wheel proof pins clean

# The main job, with what the lending desk needs.
demo: $(VENV)/.base
	@$(BIN)/plait demo --dir demo

# What a contributor runs.
test: check
	$(BIN)/pytest

# The long ones too: hundreds of kills, other runtimes, the wheel, torch, TabICL.
test-all: check $(VENV)/.all
	$(BIN)/pytest -m ''

# Everything that needs no test run.
check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(COG) --check --diff --check-fail-msg='run: make fix' $(PAGES)

# Mend what a machine can mend: style, and the generated parts of the pages.
fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(COG) -r $(PAGES)

# Every benchmark, or `make bench BENCHES=bench/predict.py`.
bench: $(VENV)/.dev
	@set -e; for bench in $(BENCHES); do echo "== $$bench"; $(BIN)/python $$bench; done

# The product.
wheel: $(VENV)/.base
	@rm -f $(DIST)/plait-*.whl
	@$(PIP) wheel --no-deps --wheel-dir $(DIST) .
	@ls $(DIST)/plait-*.whl

# The wheel in a bare environment: no clone, no make, no compiler.
proof: $(VENV)/.dev
	$(BIN)/pytest -m wheel tests/house

# Pin what pip chooses today, in an environment without constraints.
pins: $(VENV)/.made
	@rm -rf $(VENV)/pins && $(PYTHON) -m venv $(VENV)/pins
	@$(VENV)/pins/bin/python -m pip install -qq '.[dev,postgres,desk,deep,icl]'
	@{ grep '^#' constraints/ci.txt; \
	   $(VENV)/pins/bin/python -m pip freeze --all --exclude plait --exclude setuptools | sort -f; } > $(VENV)/pins/ci.txt
	@mv $(VENV)/pins/ci.txt constraints/ci.txt && rm -rf $(VENV)/pins

# Everything that make made.
clean:
	rm -rf $(VENV) .bench $(DIST) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "plait needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: pyproject.toml constraints/ci.txt | $(VENV)/.made
	@echo "Installing plait and what it needs into $(VENV), once"
	@$(PIP) install -c constraints/ci.txt -e '.[desk]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints/ci.txt | $(VENV)/.made
	@echo "Installing plait and what its tests need into $(VENV), once"
	@$(PIP) install -c constraints/ci.txt -e '.[dev,postgres,desk]'
	@touch $(VENV)/.base $@

$(VENV)/.all: $(VENV)/.dev
	@echo "Installing torch and TabICL for the long tests into $(VENV), once"
	@$(PIP) install -c constraints/ci.txt -e '.[dev,postgres,desk,deep,icl]'
	@touch $@
