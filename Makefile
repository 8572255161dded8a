# Everything starts here: `make run` on a bare machine with Python 3.11 or newer, `make test` likewise.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) config/launcher/bootstrap.py
ifdef VIGIE_PORT
export VIGIE_PORT
endif
ifdef VIGIE_DATA
export VIGIE_DATA
endif

.DEFAULT_GOAL := help
.PHONY: help setup run test test-engines check bench messages screenshots

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: ## Run Vigie with its own servers and the demo company
	@$(BOOTSTRAP) run

test: ## Run the whole test suite, browser journeys included
	@$(BOOTSTRAP) test $(ARGS)

test-engines: setup ## Run real inference servers and compare what they expose with what is read of it
	@.venv/bin/python -m tests.engines $(ARGS)

check: ## Check format, lint, types, architecture, migrations, translations and settings
	@$(BOOTSTRAP) check

bench: ## Print what things cost, as ratios measured in the same run
	@$(BOOTSTRAP) bench $(ARGS)

setup: ## Make the environment and nothing else
	@$(BOOTSTRAP) setup

messages: setup ## Bring the French catalogue in line with the sources
	@.venv/bin/python -m config.translations update

screenshots: setup ## Take the pictures of the README from a running Vigie
	@.venv/bin/python -m docs.screenshots
