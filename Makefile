# The two commands: make run, make test. The others are their parts.
BIN := .venv/bin
PORT ?= 8000
export PORT

.PHONY: help run test check requirements screenshots

help:
	@echo "make run           set up what is missing and start evcharge on http://127.0.0.1:$(PORT)"
	@echo "make test          every check: lint, types, floors, migrations, tests"
	@echo "make requirements  export requirements*.txt from pyproject.toml"

run:
	@scripts/setup runtime
	@scripts/run

# DEBUG=1 so that no secret has to be set; the tests themselves run with DEBUG off.
test: export DEBUG = 1
test:
	@scripts/setup dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check
	$(BIN)/pytest -n 2 --dist loadgroup

requirements:
	@scripts/setup dev
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt
