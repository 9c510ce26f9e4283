# Two commands for a newcomer: `make demo` and `make test`.
# Needs Python >= 3.11 and nothing else; everything goes into .venv.

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3 python,$(shell command -v $(name) 2>/dev/null)))
EXTRAS ?= dev,openvino
# Torch for training; the CPU build where an index offers it, e.g. TORCH=torch==2.13.0
TORCH ?= torch
STAMP := $(VENV)/.installed
RAY_STAMP := $(VENV)/.ray

.DEFAULT_GOAL := help
.PHONY: help install demo test test-postgres test-cluster ray test-training test-renders test-all suite suite-baseline check bench format train-env model improve render-env renders clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

install: $(STAMP)  ## make the environment in .venv

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python found; install Python 3.11 or newer, or say: make PYTHON=/path/to/python" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11; say: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) cannot make environments; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "Setting up $(VENV) (once; one to three minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

demo: install  ## watch the bundled street: service, engine, events (ARGS=--exit ends by itself)
	@$(BIN)/streetwarden demo $(ARGS)

# Tests wait for servers and clocks half of the time: more of them than cores.
test: install  ## the test suite
	@$(BIN)/python -m pytest -m "not slow" -n 3 --dist loadfile --cov --cov-report=term:skip-covered $(ARGS)

test-postgres: install  ## the service's tests on a PostgreSQL of their own (Debian: postgresql)
	@PYTHON=$(BIN)/python tests/service/serve/with_postgres.sh -m "not slow" -n 4 --dist loadfile $(ARGS)

test-cluster: ray  ## what many machines do, with Ray: clusters of several nodes on this one
	@$(BIN)/python -m pytest -m ray $(ARGS)

ray: $(RAY_STAMP)  ## add Ray to the environment in .venv

$(RAY_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS),ray]'
	@touch $@

test-training: train-env  ## training, export and parity on generated pictures, in .venv-train
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check pytest pytest-timeout hypothesis
	@.venv-train/bin/python -m pytest -m train tests/unit/training tests/unit/detectors tests/contract $(ARGS)

test-renders: render-env  ## what the generator renders for training, in .venv-render
	@.venv-render/bin/python -m pip install --quiet --disable-pip-version-check pytest pytest-timeout hypothesis
	@.venv-render/bin/python -m pytest -m render tests/renders $(ARGS)

test-all: install  ## the test suite and what takes long: 200 crashes, fuzzing, street suite
	@$(BIN)/python -m pytest $(ARGS)

SUITE = $(BIN)/streetwarden evaluate events --config configs/evaluate.yaml --truth datasets/scenarios --clear-within-s 30 --workers 2
BASELINE = datasets/scenarios/baseline

suite: install  ## judge the engine on the scenario suite, held against the committed figures
	@$(SUITE) --out runs/suite
	@$(BIN)/streetwarden evaluate compare $(BASELINE) runs/suite --gate configs/gate.toml --out runs/suite

suite-baseline: install  ## make the suite's figures of this tree the committed ones
	@$(SUITE) --out runs/suite
	@mkdir -p $(BASELINE) && cp runs/suite/report.json runs/suite/events.csv $(BASELINE)

check: install  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: install  ## let ruff write
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install  ## every benchmark, side by side figures
	@for name in engine detect decode judgement patrol evidence sealing service queries evaluate; do echo "== $$name"; $(BIN)/python -m tests.benchmarks.bench_$$name || failed=1; done; test -z "$$failed"

train-env:  ## the environment that trains models, in .venv-train (torch, ultralytics)
	@$(PYTHON) -m venv .venv-train
	@.venv-train/bin/python -m pip install --quiet --editable '.[train]' $(TORCH)
	@.venv-train/bin/python -m pip install --quiet --no-deps ultralytics==8.4.190 ultralytics-thop torchvision

.PHONY: data-root
data-root:
	@test -n "$$STREETWARDEN_DATA" || { echo "Set STREETWARDEN_DATA to the folder that holds the training pictures" >&2; exit 2; }

RUNS = runs/street-n
STRETCHES ?= 2 3 4 5
# Each stretch goes on from what ships and is averaged with it.
# ARGS="--minutes 2" rehearses the whole way, for a model of no use.
model: data-root train-env renders  ## train, export and report street-n (STREETWARDEN_DATA: the pictures)
	.venv-train/bin/streetwarden train models/street-n/recipe.toml $(RUNS) $(ARGS)
	.venv-train/bin/streetwarden export $(RUNS)/street-n.pt models/street-n/papers.toml models/street-n
	set -e; last=$(RUNS)/street-n.pt; for k in $(STRETCHES); do run=$(RUNS)-$$k; \
	  .venv-train/bin/streetwarden train models/street-n/continue.toml $$run $(ARGS); \
	  .venv-train/bin/streetwarden average $$last $$run/street-n.pt $$run/mean.pt; last=$$run/mean.pt; \
	  .venv-train/bin/streetwarden export $$last models/street-n/papers.toml models/street-n; \
	done
	.venv-train/bin/streetwarden report models/street-n/model.onnx models/street-n/continue.toml models/street-n/report --size 448

renders: data-root render-env  ## render the pictures that training asks for (STREETWARDEN_DATA)
	for seed in 1000 1500; do .venv-render/bin/python -m datasets.street_scene stills --out "$$STREETWARDEN_DATA/renders" --count 150 --first-seed $$seed || exit; done
	for seed in 1000 3000 5000; do .venv-render/bin/python -m datasets.cutouts --out "$$STREETWARDEN_DATA/cutouts" --count 700 --first-seed $$seed || exit; done

RUN ?= runs/$(SET)
improve:  ## make street-n better with your own set (SET=its name below datasets/; STREETWARDEN_DATA)
	@test -n "$(SET)" -a -n "$$STREETWARDEN_DATA" || { echo "Say: make improve SET=name, with STREETWARDEN_DATA set to the folder above its pictures" >&2; exit 2; }
	@test -x .venv-train/bin/streetwarden || $(MAKE) train-env
	@test ! -e $(RUN)/street-n.pt || { echo "$(RUN) holds a finished training; say RUN=another/folder to train anew, or remove it" >&2; exit 2; }
	.venv-train/bin/streetwarden train models/street-n/improve.toml $(RUN) --own $(SET)
	.venv-train/bin/streetwarden export $(RUN)/street-n.pt models/street-n/papers.toml $(RUN)/model --own $(SET)
	.venv-train/bin/streetwarden final models/street-n/model.onnx $(SET) --size 448
	.venv-train/bin/streetwarden final $(RUN)/model/model.onnx $(SET) --size 448

render-env:  ## the environment that renders footage, in .venv-render (Blender as a module)
	@$(PYTHON) -m venv .venv-render
	@.venv-render/bin/python -m pip install --quiet bpy==4.5.15 pydantic pyyaml pillow av

clean:  ## remove the environment and caches (state in .streetwarden stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage
