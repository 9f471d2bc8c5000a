# Needs Python 3.11 (from 3.11.4), 3.12 or 3.13; for another one than python3: make PYTHON=python3.12 pets
PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONFIG := configs/pets_quick.json
# Tests compute little: compiling them with all of XLA's optimizations takes several times as long in total. Without
# preallocation, two processes share a GPU's memory.
QUICK_XLA := JAX_DISABLE_MOST_OPTIMIZATIONS=1 XLA_PYTHON_CLIENT_PREALLOCATE=false
# Half of a test's time is tracing, which uses one core. The tests of a file stay together: they share expensive fixtures.
IN_PARALLEL := -n 2 --dist loadfile
BACKEND_TESTS := tests/models tests/trainers tests/base tests/inference tests/tasks tests/utils/test_flops.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help pets test test-backends check clean

help: ## show these lines
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST))
	@echo 'Options of the main example: make pets ARGS="--set trainer.epochs=2 exp.name=short"'

pets: $(STAMP) ## install, then train and evaluate a small, fast version of the main example
	$(BIN)/python mains/pets_main.py -c $(CONFIG) $(ARGS)

test: $(STAMP) ## install, then run all tests; one file of them: make test ARGS=tests/test_docs.py
	$(BIN)/python -m pytest $(IN_PARALLEL) $(ARGS)

# TensorFlow runs twice: the second time it reads the checkpoints that JAX and PyTorch have written.
test-backends: $(STAMP) .venv-jax/.installed .venv-torch/.installed ## the same weights, losses and checkpoints on TensorFlow, JAX and PyTorch
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	for backend in tensorflow jax torch tensorflow; do \
		case $$backend in tensorflow) python=$(BIN)/python ;; *) python=.venv-$$backend/bin/python ;; esac; \
		echo "== $$backend"; \
		$(QUICK_XLA) KERAS_BACKEND=$$backend MASKERAS_BACKENDS_FOLDER=$$folder $$python -m pytest $(or $(ARGS),tests/backends) || exit 1; \
	done
	$(QUICK_XLA) KERAS_BACKEND=jax .venv-jax/bin/python -m pytest $(IN_PARALLEL) -m "not slow" $(BACKEND_TESTS)
	KERAS_BACKEND=torch .venv-torch/bin/python -m pytest $(IN_PARALLEL) -m "not slow" $(BACKEND_TESTS)

check: $(STAMP) ## lint, format, types, generated files, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m utils.config.schema --check
	$(BIN)/python -m pytest tests/test_docs.py

clean: ## remove the environments and all caches; runs (experiments/) and data are kept
	rm -rf $(VENV) .venv-jax .venv-torch .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so an interrupted installation is repeated.
$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11, 4) <= sys.version_info < (3, 14))' || { \
		echo "$(PYTHON) is not Python 3.11 (from 3.11.4), 3.12 or 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

# Packages that all backends share have the versions of the lock; TensorBoard needs setuptools.
.venv-%/.installed: requirements-%.txt requirements-base.txt requirements.lock Makefile
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.lock \
		-r requirements-$*.txt pytest pytest-timeout pytest-xdist setuptools
	@touch $@
