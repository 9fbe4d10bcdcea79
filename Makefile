# Everything goes into .venv; what is already set up is not set up again. `make help` lists it all.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
ARGS ?=
# Most tests wait for a server or a page, so five at a time keep two cores busy. The workers share
# the Milvus servers; tests/conftest.py says which files belong to one worker.
BY_GROUP := --dist loadscope --no-loadscope-reorder
SIDE_BY_SIDE := --numprocesses 5 $(BY_GROUP)
# In a container we are often root, and Jupyter then wants to hear that this is meant.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What is imported is compiled then, once, and not each time; the rest of what is installed is not.
export PYTHONDONTWRITEBYTECODE :=
PIP_INSTALL := python -m pip install --quiet --no-compile
# node and jlpm come from the environment, as no Node on the machine is asked for.
export PATH := $(BIN):$(PATH)

LAB_MODULES := lab/node_modules/.yarn-state.yml
# What an installation depends on: the metadata, and what the panel's bundle is built from.
SOURCES := pyproject.toml milvus_nb/_version.py $(shell find lab -type f \
	-not -path '*/node_modules/*' -not -path '*/.yarn/*' -not -path 'lab/lib/*' \
	-not -name '*.tsbuildinfo' 2>/dev/null)

# Two at a time, each with its output in one piece.
BESIDE = $(MAKE) --no-print-directory --output-sync=target --jobs=2

.PHONY: help lab test test-fast test-fast-python test-lab test-matrix check check-python check-lab check-workflows format chromium clients tools screenshots docs bench soak clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

lab: $(VENV)/lab.stamp ## JupyterLab, open on the quickstart (ARGS=--no-browser: any of its options)
	exec jupyter lab --LabApp.default_url=/lab/tree/notebooks/quickstart.ipynb $(AS_ROOT) $(ARGS)

test: ## all checks, then all tests but the matrix (ARGS='-k params': pytest's options)
	+@$(BESIDE) $(VENV)/dev.stamp chromium tools
	+@$(BESIDE) check-lab check-python $(VENV)/compiled.stamp test-lab clients check-workflows
	python -m pytest $(SIDE_BY_SIDE) -m 'not matrix' $(ARGS)

# Hardly anything waits here, and each worker has to collect the tests.
test-fast: $(VENV)/dev.stamp ## within a minute: what needs no browser and no server but Milvus Lite
	+@$(BESIDE) test-lab test-fast-python

test-fast-python:
	python -m pytest --numprocesses 2 $(BY_GROUP) --fast $(ARGS)

# What the tests import is compiled once, and not by each process in the same moment.
$(VENV)/compiled.stamp: $(VENV)/dev.stamp
	-python -m pytest --collect-only --quiet >/dev/null
	python -c 'import ipykernel.kernelapp, jupyterlab.labapp'
	touch $@

test-lab: $(LAB_MODULES)
	cd lab && jlpm run test

test-matrix: $(VENV)/dev.stamp chromium tests/node/node_modules/.yarn-state.yml $(VENV)/go.stamp $(VENV)/java.stamp $(VENV)/pymilvus-2.6 $(VENV)/lab-4.2.stamp $(VENV)/front-ends.stamp $(VENV)/hosts $(VENV)/versions.stamp $(VENV)/servers.stamp ## what takes long: chaos, restarts, culling, the oldest pymilvus, JupyterLab and IPython, other Pythons and front ends, Go and Java, axe
	python -m pytest $(SIDE_BY_SIDE) -m matrix $(ARGS)

check: $(VENV)/dev.stamp ## the checks alone: ruff, mypy, tsc, ESLint, stylelint, the floors, formatting, the workflows
	+@$(BESIDE) check-lab check-python check-workflows

check-python:
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache
	python -m tests.support.house --check

check-lab: $(LAB_MODULES)
	cd lab && jlpm run check && jlpm run lint:check

check-workflows:
	@if command -v go >/dev/null; then \
		command -v actionlint >/dev/null || GOBIN=$(BIN) go install \
			github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 2>/dev/null; \
		actionlint; \
	else \
		echo "The workflows are not checked: Go is missing" >&2; \
	fi

format: $(VENV)/dev.stamp $(LAB_MODULES) ## format both languages
	ruff check --fix .
	ruff format .
	cd lab && jlpm run format

# Whoever builds the page side, as pip does, installs them too.
lab/node_modules/.yarn-state.yml: lab/package.json lab/yarn.lock | $(VENV)/dev.stamp
	cd lab && jlpm install --immutable
	touch $@

tests/node/node_modules/.yarn-state.yml: tests/node/package.json tests/node/yarn.lock | $(VENV)/dev.stamp
	cd tests/node && jlpm install --immutable
	touch $@

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

clients: tools tests/node/node_modules/.yarn-state.yml ## what the code of other languages is run with; Go and Java are in the matrix

tools: | chromium # what is missing of it is installed by apt-get where we are root
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
	$(PIP_INSTALL) --editable '.[lab,lite]'
	touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python $(SOURCES)
	$(PIP_INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/lab.stamp $(VENV)/docs.stamp

$(VENV)/docs.stamp: $(VENV)/bin/python $(SOURCES)
	$(PIP_INSTALL) --editable '.[docs]'
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

# What users may have: the lowest versions that pyproject.toml allows and the newest there are, on the
# oldest and the newest Python of this machine; of Milvus Lite 3.1 as well.
$(VENV)/versions.stamp: $(VENV)/dev.stamp
	python -m pip install --quiet uv
	python -m tests.support.pythons | while read -r which python; do \
		for versions in lowest-direct highest; do \
			made=$(VENV)/versions/$$which-$${versions%-direct}; \
			uv venv --quiet --clear --python "$$python" $$made; \
			uv pip install --quiet --python $$made --resolution $$versions -r pyproject.toml --extra lite; \
		done; \
	done
	uv pip install --quiet --python $(VENV)/versions/oldest-highest 'milvus-lite==3.1.*'
	touch $@

# Servers of before, as far as PyPI has them, and the Milvus Lite that is refused.
$(VENV)/servers.stamp: $(VENV)/dev.stamp
	for release in 2.2.16 2.3.0; do \
		python -m pip install --quiet --no-deps --upgrade \
			--target $(VENV)/servers/milvus-$$release "milvus==$$release" || exit 1; \
	done
	python -m pip install --quiet --no-deps --upgrade \
		--target $(VENV)/servers/milvus-lite-2 'milvus-lite==2.5.*'
	touch $@

# The oldest IPython that is supported (Colab's), its kernel, and one that is not ipykernel.
$(VENV)/hosts: $(VENV)/dev.stamp
	python -m pip install --quiet --no-deps --upgrade --target $@/ipython-7.34 \
		'ipython==7.34.0' backcall decorator pickleshare
	python -m pip install --quiet --no-deps --upgrade --target $@/colab \
		'ipython==7.34.0' backcall decorator pickleshare 'ipykernel==6.17.1'
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

$(VENV)/wheel.stamp: $(VENV)/dev.stamp $(shell find milvus_nb -name '*.py')
	rm -rf $(VENV)/wheel
	python -m pip wheel --quiet --no-deps --wheel-dir $(VENV)/wheel .
	touch $@

$(VENV)/lab-4.2.stamp: $(VENV)/lab-4.2/bin/jupyter-lab $(VENV)/wheel.stamp
	$(VENV)/lab-4.2/bin/python -m pip uninstall --quiet --yes milvus_nb
	$(VENV)/lab-4.2/bin/python -m pip install --quiet $(VENV)/wheel/*.whl
	touch $@

# Other places than a JupyterLab of one's own, in one environment, with the wheel.
$(VENV)/front-ends/bin/configurable-http-proxy: $(VENV)/bin/python
	$(PYTHON) -m venv --clear $(VENV)/front-ends
	$(VENV)/front-ends/bin/python -m pip install --quiet 'jupyterlab==4.*' 'jupyterhub==6.*' \
		'jupyter-kernel-gateway==3.*' 'marimo==0.25.*' 'voila==0.5.*' ipykernel milvus-lite
	npm install --silent --global --prefix $(VENV)/front-ends 'configurable-http-proxy@5'
	touch $@

$(VENV)/front-ends.stamp: $(VENV)/front-ends/bin/configurable-http-proxy $(VENV)/wheel.stamp
	$(VENV)/front-ends/bin/python -m pip uninstall --quiet --yes milvus_nb
	$(VENV)/front-ends/bin/python -m pip install --quiet $(VENV)/wheel/*.whl
	touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	$(PIP_INSTALL) --editable '.[dev,bench]'
	touch $@
