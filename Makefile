# Everything a newcomer needs: make demo, make test; make docs builds site/. Set-up happens by itself, in .venv.
PYTHON ?= python3
BIN := .venv/bin
# Offline and locked-down machines: packages come from wherever pip is configured to look.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check docs clean

demo: .venv/ready
	$(BIN)/sparring demo

# Tiny networks gain nothing from threads; files of tests go side by side instead.
test: .venv/ready-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# Material announces its successor at every build.
docs: .venv/ready-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/ready: pyproject.toml constraints.txt | .venv/bin/pip
	$(PIP) --editable .
	$(BIN)/sparring data get digits
	@touch $@

.venv/ready-dev: .venv/ready
	$(PIP) --editable '.[dev]'
	@touch $@

.venv/ready-docs: .venv/ready
	$(PIP) --editable '.[docs]'
	@touch $@

clean:
	rm -rf .venv site
