# Two commands do all their own set-up: `make demo` and `make test`.
# They need Python 3.11 or later with venv, and make; everything else goes into .venv/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := $(VENV)/.peers
DEMO ?= demo
# Tests wait for the disk a good part of their time; where memory is large enough they write there.
ROOMY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 6000000 {print "/dev/shm"}')
TESTS := $(if $(ROOMY),PYTEST_DEBUG_TEMPROOT=$(ROOMY)) $(BIN)/python -m pytest

.PHONY: demo test test-system lint types contracts soak bench bench-audit bench-matching bench-review truth screenshot schemas clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/tui-migrate demo $(DEMO); \
	else $(BIN)/tui-migrate demo $(DEMO) --headless; fi

test: lint types contracts
	$(TESTS)
	@echo "Left out: what needs root, sshd or a browser (make test-system), and the long ones (make soak)."

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

test-system: $(STAMP)
	$(BIN)/python -m pytest -m system -n 0 -rs tests

soak: $(STAMP)
	$(TESTS) -m soak -n 0 tests

screenshot: $(STAMP)
	$(BIN)/python docs/screenshot.py

bench: $(STAMP)
	$(BIN)/python -m benchmarks.run $(BENCH)

bench-audit: $(STAMP)
	$(BIN)/python -m benchmarks.audit $(BENCH)

$(PEERS): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@touch $@

bench-matching: $(PEERS)
	$(BIN)/python -m benchmarks.matching $(BENCH)

bench-review: $(STAMP)
	$(BIN)/python -m benchmarks.review $(BENCH)

truth: $(STAMP)
	$(BIN)/python -m benchmarks.truth

schemas: $(STAMP)
	$(BIN)/python -m tui_migrate.mapping.schema

clean:
	rm -rf $(VENV) build dist
