# Salon's commands. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
WORKERS ?= 2
MINUTES ?= 10
SOCKETS ?= 1000
BALLOTS ?= 100
BIN := $(VENV)/bin
export PYTHONPATH := .
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM := false
# Tests start hundreds of processes, each of which would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test check check-types check-others contracts fix bench soak soak-kills soak-contracts train clean

help:  ## list all targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# pip compiles module by module on one core; this uses all. Some packages bring files for later
# Pythons, which do not compile, and pip says nothing of them either.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true

# Stamps: an install runs again only when what it reads has changed.
$(VENV)/ready: requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Salon needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.11 run")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Cannot make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing Python packages (about four minutes the first time) ..."
	@$(INSTALL) -r requirements.txt
	@$(COMPILE)
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.txt
	@echo "Installing test and check tools ..."
	@$(INSTALL) -r requirements-dev.txt
	@$(COMPILE)
	@touch $@

# Not `npm ci`: binaries for other platforms may be missing from the lock file, and it would refuse.
node_modules/.ready: package-lock.json
	@command -v npm >/dev/null || { echo "Salon needs Node.js 20 or newer with npm: fonts and icons come through it."; exit 1; }
	@npm install --no-save --silent --no-audit --no-fund
	@touch $@

install: $(VENV)/ready node_modules/.ready  ## install what running needs
install-dev: $(VENV)/ready-dev node_modules/.ready

run: install  ## start everything on this machine; PORT, CHAIN_PORT, SALON_DATA change the places
	@exec $(BIN)/python -m project.stack

test: install-dev  ## run every test: Python, services, browser; WORKERS=0 for one at a time
	@$(BIN)/python -m tests.browser_setup
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: install-dev  ## lint, types, import rules, contracts, migrations, templates, deploy settings
	@$(MAKE) --no-print-directory -j 2 check-types check-others

# Two at a time: types take as long as all others.
check-types:
	@$(BIN)/mypy

check-others:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@node chain/compile.mjs --check
	@$(BIN)/python -m tests.project_checks

contracts: install-dev  ## compile Solidity to chain/abi
	@node chain/compile.mjs

fix: install-dev  ## format and mend what ruff can mend
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: install-dev  ## the benchmarks, each a ratio against a peer in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

soak: install-dev  ## all of Salon under load, everything killed in turn, books checked; MINUTES=10 SOCKETS BALLOTS
	@$(BIN)/python -m tests.faults.soak --minutes $(MINUTES) --sockets $(SOCKETS) --ballots $(BALLOTS) $(ARGS)

soak-kills: install-dev  ## kill tests in full, ten times as many kills
	@SALON_SOAK=1 $(BIN)/python -m pytest -m faults -s $(ARGS)
	@SALON_SOAK=1 $(BIN)/python -m pytest tests/browser/test_staking.py tests/browser/test_staking_wallets.py

soak-contracts: install-dev  ## contract campaigns in full (an hour and more)
	@SALON_SOAK=1 $(BIN)/python -m pytest tests/chain/test_contracts.py -k "campaigns and not planted" -s

train: install-dev  ## train the embedded model from nothing (hours; resumable)
	@$(BIN)/python -m generation.emblems.train_autoencoder
	@$(BIN)/python -m generation.emblems.train_transformer --autoencoder .training/autoencoder/vae

clean:  ## remove what was installed and built; the data folder stays
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .import_linter_cache
