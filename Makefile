# Two commands do everything on a fresh machine with Python 3.11 or newer: `make run`, `make test`.
PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
FLASK := $(BIN)/flask --app wsgi
export MENTORSHIP_ENV ?= development
# The product reads `.env` itself, and says in one line what is wrong with it; Flask would not.
export FLASK_SKIP_DOTENV := 1

.PHONY: run test test-clocks check bench proof screenshots translations requirements

run: .venv/run.done
	@$(FLASK) db upgrade
	@$(FLASK) demo --if-empty
	@[ -n "$$BASE_URL" ] || grep -qs '^ *BASE_URL=.' .env || export BASE_URL=http://127.0.0.1:$(PORT); \
	$(FLASK) worker & worker=$$!; $(FLASK) serve --port $(PORT) & server=$$!; \
	trap 'kill $$worker $$server 2>/dev/null; wait' EXIT INT TERM; wait $$server

PYTEST_OPTIONS := -n logical --maxprocesses 4 --dist worksteal

test: .venv/dev.done
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) $(ARGS)

# The tests at other hours and days: AT='2027-03-28T00:58Z', or all that tests/clocks names.
test-clocks: .venv/dev.done
	$(BIN)/python -m tests.clocks $(AT) -- $(PYTEST_OPTIONS) $(ARGS)

# What looks at the code without being a test, and the bench at sizes that take seconds.
check: .venv/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint templates
	$(BIN)/python -m bench --tiny --engine sqlite

# `make bench ARGS=--tiny` only shows that it runs.
bench: .venv/dev.done
	$(BIN)/python -m bench $(ARGS)

screenshots: .venv/dev.done
	$(BIN)/python -m bench.screenshots

translations: .venv/dev.done
	@mkdir -p -m 700 instance
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ --no-location --omit-header -o instance/messages.pot .
	$(BIN)/pybabel -q update -l de -w 100 --ignore-pot-creation-date -i instance/messages.pot -d mentorship/translations
	$(BIN)/pybabel -q compile -d mentorship/translations

proof: .venv/dev.done
	$(BIN)/python -m pytest tests/proof -m proof $(ARGS)

# After a change of the dependencies in pyproject.toml or of requirements-dev.in. For each Python from 3.11 on, and each system.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-annotate --custom-compile-command "make requirements"

requirements: .venv/dev.done
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) -c requirements.txt pyproject.toml requirements-dev.in -o requirements-dev.txt

.venv/run.done: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev.done: requirements.txt requirements-dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
