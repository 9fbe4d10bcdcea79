# Everything goes into .venv; what is already set up is not set up again. `make help` lists it all.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
ARGS ?=
# Most tests wait for a server or a page, so four at a time keep two cores busy. The workers share
# the Milvus servers; tests/conftest.py says which files belong to one worker.
SIDE_BY_SIDE := --numprocesses 4 --dist loadscope --no-loadscope-reorder
# In a container we are often root, and Jupyter then wants to hear that this is meant.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# node and jlpm come from the environment, as no Node on the machine is asked for.
export PATH := $(BIN):$(PATH)

# What an installation depends on: the metadata, and what the panel's bundle is built from.
SOURCES := pyproject.toml milvus_nb/_version.py $(shell find lab -type f \
	-not -path '*/node_modules/*' -not -path '*/.yarn/*' -not -path 'lab/lib/*' \
	-not -name '*.tsbuildinfo' 2>/dev/null)

.PHONY: help lab test test-fast test-matrix check check-python check-lab format chromium clients tools screenshots docs bench soak clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

lab: $(VENV)/lab.stamp ## JupyterLab, open on the quickstart (ARGS=--no-browser: any of its options)
	exec jupyter lab --LabApp.default_url=/lab/tree/notebooks/quickstart.ipynb $(AS_ROOT) $(ARGS)

test: check chromium clients ## all checks, then all tests but the matrix (ARGS='-k params': pytest's options)
	cd lab && jlpm run test
	python -m pytest $(SIDE_BY_SIDE) -m 'not matrix' $(ARGS)

test-fast: $(VENV)/dev.stamp ## within a minute: what needs no browser and no server but Milvus Lite
	cd lab && jlpm run test
	python -m pytest $(SIDE_BY_SIDE) --fast $(ARGS)

test-matrix: $(VENV)/dev.stamp chromium $(VENV)/go.stamp $(VENV)/java.stamp $(VENV)/pymilvus-2.6 $(VENV)/lab-4.2.stamp $(VENV)/hosts ## what takes long: chaos, restarts, culling, the oldest pymilvus, JupyterLab and IPython, other Pythons, Go and Java
	python -m pytest $(SIDE_BY_SIDE) -m matrix $(ARGS)

check: $(VENV)/dev.stamp ## the checks alone: ruff, mypy, tsc, ESLint, stylelint, the floors, formatting
	@$(MAKE) --no-print-directory --output-sync=target --jobs=2 check-python check-lab

check-python:
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache
	python -m tests.support.house --check

check-lab:
	cd lab && jlpm install --immutable && jlpm run check && jlpm run lint:check

format: $(VENV)/dev.stamp ## format both languages
	ruff check --fix .
	ruff format .
	cd lab && jlpm install --immutable && jlpm run format

# Without a window of its own it loads a page in two thirds of the time.
chromium: ## the browser of the tests, if it is missing (installed by apt-get where we are root)
	@if command -v chromium-headless-shell >/dev/null; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends chromium-headless-shell) >/dev/null 2>&1 && exit 0; \
	fi; \
	if command -v chromium >/dev/null; then exit 0; fi; \
	echo "The tests need Chromium on PATH. On Debian: apt-get install chromium-headless-shell" >&2; \
	exit 1

clients: $(VENV)/dev.stamp tools ## what the code of other languages is run with; Go and Java are in the matrix
	cd tests/node && jlpm install --immutable

tools: # what is missing of it is installed by apt-get where we are root
	@missing=""; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	if [ "$(filter test-matrix,$(MAKECMDGOALS))" ]; then \
		command -v go >/dev/null || missing="$$missing golang-go"; \
		command -v javac >/dev/null || missing="$$missing openjdk-17-jdk-headless"; \
		command -v mvn >/dev/null || missing="$$missing maven"; \
	fi; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "Some tests are skipped. On Debian: apt-get install$$missing" >&2; \
	fi

docs: $(VENV)/docs.stamp ## the site, in docs/_build/html; a warning is an error
	rm -rf docs/_build/html
	python -m sphinx -E -W --keep-going --quiet -d docs/_build/doctrees docs docs/_build/html

screenshots: $(VENV)/dev.stamp chromium ## remake the pictures of the site from the real thing
	python -m tests.browser.screenshots $(ARGS)
	python -m tests.browser.sidebar_screenshots $(ARGS)
	python -m tests.browser.profile_screenshots $(ARGS)

bench: $(VENV)/bench.stamp chromium ## side by side with pymilvus and the peers, within five minutes (ARGS=--thorough; --save: for the documentation)
	python -m benchmarks $(ARGS)

soak: $(VENV)/dev.stamp ## 1,000 connections for an hour: memory, threads and files end where they began (ARGS: seconds)
	python -m benchmarks.soak $(ARGS)

clean: ## remove the environment and all that was built
	rm -rf $(VENV) build dist milvus_nb/labextension milvus_nb/static lab/node_modules lab/lib lab/.yarn tests/node/node_modules tests/node/.yarn \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis docs/_build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "$(PYTHON) is older than 3.10. Name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "No environment could be made. On Debian: apt-get install python3-venv" >&2; exit 1; }

# Editable, so that an edit of a Python file needs no new installation.
$(VENV)/lab.stamp: $(VENV)/bin/python $(SOURCES)
	python -m pip install --quiet --editable '.[lab,lite]'
	touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python $(SOURCES)
	python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/lab.stamp $(VENV)/docs.stamp

$(VENV)/docs.stamp: $(VENV)/bin/python $(SOURCES)
	python -m pip install --quiet --editable '.[docs]'
	touch $@ $(VENV)/lab.stamp

# Milvus's clients for Go and Java, as go.mod and pom.xml pin them. Go's is compiled once; modules and
# what was compiled stay where Go keeps them.
$(VENV)/go.stamp: $(wildcard tests/go/*) | tools
	@if (cd tests/go && go list -m) >/dev/null 2>&1; then \
		(cd tests/go && go test -vet=off >/dev/null) && touch $@; \
	else \
		echo "Tests of code for Go are skipped: Go is missing, or older than tests/go/go.mod" >&2; \
	fi

$(VENV)/java.stamp: tests/java/pom.xml | tools
	@if command -v mvn >/dev/null && command -v javac >/dev/null; then \
		rm -rf $(VENV)/java && mvn --quiet --batch-mode --file tests/java/pom.xml \
			dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(VENV)/java && touch $@; \
	else \
		echo "Tests of code for Java are skipped: a JDK or Maven is missing" >&2; \
	fi

# The oldest pymilvus that is supported; some tests run a second time with it.
$(VENV)/pymilvus-2.6: $(VENV)/dev.stamp
	python -m pip install --quiet --no-deps --upgrade --target $@ 'pymilvus==2.6.*'
	touch $@

# The oldest IPython that is supported (Colab's), and a kernel that is not ipykernel.
$(VENV)/hosts: $(VENV)/dev.stamp
	python -m pip install --quiet --no-deps --upgrade --target $@/ipython-7.34 \
		'ipython==7.34.0' backcall decorator pickleshare
	python -m pip install --quiet --no-deps --upgrade --target $@/xeus-python \
		'xeus-python==0.19.*' 'xeus-python-shell==0.8.*'
	touch $@

# The oldest JupyterLab and Notebook that are supported, with nothing but what a user installs: the
# wheel as it is built. Some tests run a second time with them.
$(VENV)/lab-4.2/bin/jupyter-lab: $(VENV)/bin/python
	$(PYTHON) -m venv --clear $(VENV)/lab-4.2
	$(VENV)/lab-4.2/bin/python -m pip install --quiet \
		'jupyterlab==4.2.*' 'notebook==7.2.*' 'ipykernel==6.*' milvus-lite
	touch $@

$(VENV)/lab-4.2.stamp: $(VENV)/lab-4.2/bin/jupyter-lab $(VENV)/dev.stamp $(shell find milvus_nb -name '*.py')
	rm -rf $(VENV)/wheel
	python -m pip wheel --quiet --no-deps --wheel-dir $(VENV)/wheel .
	$(VENV)/lab-4.2/bin/python -m pip uninstall --quiet --yes milvus_nb
	$(VENV)/lab-4.2/bin/python -m pip install --quiet $(VENV)/wheel/*.whl
	touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	python -m pip install --quiet --editable '.[dev,bench]'
	touch $@
