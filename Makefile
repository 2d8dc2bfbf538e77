# Every target makes the environment it needs by itself: a fresh machine wants Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
JOBS   ?= 2

.PHONY: install demo test test-fast test-slow lint properties bench soak campaign scenario constraints audit clean

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 $(MAKECMDGOALS)") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade -c constraints.txt pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e . --group dev
	@touch $@

install: $(STAMP)

demo: $(STAMP)
	@$(BIN)/connector demo

test: lint test-fast test-slow

test-fast: $(STAMP)
	@$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist worksteal -q

test-slow: $(STAMP)
	@$(BIN)/python -m pytest -m slow -n $(JOBS) --dist worksteal -q

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

# Property tests with twenty times as many examples, and others each time; those of `make test` are the same ones always.
properties: $(STAMP)
	@PROPERTIES=search $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q tests/rules tests/clients tests/sandbox -m "not slow"

# make bench            every benchmark
# make bench ONLY=name  one of them
bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(ONLY)

# make soak MINUTES=30   `connector up --sandbox` at accelerated life with faults, watched from outside
soak: $(STAMP)
	@SOAK_MINUTES=$(MINUTES) $(BIN)/python -m benchmarks soak

# make campaign SEED=7 ORDERS=500 DEATHS=50   orders in three markets under every fault, its process killed each time
ORDERS ?= 500
DEATHS ?= 50
campaign: $(STAMP)
	@$(BIN)/python -m tests.campaign --seed $(or $(SEED),0) --orders $(ORDERS) --deaths $(DEATHS)

# make scenario SEED=7 DAYS=3   days of a merchant, every SKU compared with an oracle after every step
DAYS ?= 3
scenario: $(STAMP)
	@$(BIN)/python -m tests.scenario --seed $(or $(SEED),1) --days $(DAYS)

# Rewrites constraints.txt from what is installed now (names and versions only).
constraints: $(STAMP)
	@$(BIN)/python -m pip freeze --exclude-editable | grep -v '^-e' | sort -f > constraints.txt

# Known vulnerabilities of what constraints.txt pins. The tool has an environment of its own: nothing else needs its parts.
AUDIT := $(VENV)-audit
audit:
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && timeout 120 $(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1; } || echo "Audit: pip-audit cannot be installed here."
	@.ci/audit $(AUDIT)/bin/pip-audit --vulnerability-service osv --no-deps --disable-pip --progress-spinner off --requirement constraints.txt $(foreach id,$(IGNORE),--ignore-vuln $(id))

clean:
	rm -rf $(VENV) $(VENV)-audit build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
