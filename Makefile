# Every target makes what it needs: a Python 3.11 or 3.12, make and git are enough to begin with.
python := .venv/bin/python
# PYTEST names tests and options of one run: make test PYTEST="tests/orders -x"
PYTEST ?=
# For what imports the settings and connects to nothing.
unconnected := env SECRET_KEY=not-a-secret-but-long-enough-for-the-check-of-a-deployment-0123456789 REDIS_URL=redis://none DATABASE_URL=postgres://none/none \
  DATABASE_OWNER_URL=postgres://none/none CREDENTIAL_KEYS=none:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

# A process that may not keep what it compiled compiles all of Django again, and there are many of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo demo-check up test lint format pictures bench soak lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 14

demo: ## the portal with stand-ins of eBay and TradeGecko, and orders flowing; Ctrl-C ends it
	@bin/venv
	@exec $(python) -m cartrover.embedded.demo

demo-check: ## the same without a browser, judged by the stand-ins' ledgers; RECORDED="FILE..." plays real orders
	@bin/venv
	@exec $(python) -m cartrover.embedded.demo --check $(if $(RECORDED),--recorded $(RECORDED))

up: ## the portal alone, for real applications named in the environment or .env
	@bin/venv
	@exec $(python) -m cartrover.embedded.up

test: ## all tests but the soak
	@bin/venv --dev
	@bin/test $(PYTEST)

lint: ## format, style, types, templates and who may import whom
	@bin/venv --dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	$(unconnected) $(python) -m mypy
	.venv/bin/djlint --quiet --check --lint templates cartrover integrations
	.venv/bin/lint-imports
	$(unconnected) $(python) -W ignore manage.py makemigrations --check --dry-run
	$(unconnected) PORTAL_URL=https://portal.example.com $(python) manage.py check --deploy --fail-level WARNING

format: ## what can be put right without thinking
	@bin/venv --dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	.venv/bin/djlint --quiet --reformat templates cartrover integrations

pictures: ## the guides' and the README's, taken anew from a demo of their own
	@bin/venv --dev
	@path=$$(bin/chromium) && CHROMIUM_PATH=$$path $(python) -m tests.guides.taking

bench: ## the figures, each beside its comparator's, as one JSON line
	@bin/venv --dev
	@bin/venv --bench
	@$(python) -m bench

soak: ## the slow tests: hours of faults in minutes of running
	@bin/venv --dev
	@$(python) -m pytest -m soak

lock: ## pin what requirements*.in ask for
	@bin/venv --dev
	@for name in requirements requirements-dev requirements-bench; do \
	  uv=$$(command -v uv || echo .venv/bin/uv); \
	  $$uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    $$name.in -o $$name.lock || exit 1; \
	done; \
	$$uv pip compile --quiet --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  requirements-clients.in -o requirements-clients.lock

clean: ## forget the environments and this checkout's data
	@if [ -x $(python) ]; then $(python) -m cartrover.embedded.clean; fi
	rm -rf .venv .venv-bench .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .static
