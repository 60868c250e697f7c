# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SECONDS ?=
MINUTES ?=
OPTIONS ?=

.PHONY: demo test test-ros check format venv bench results figures instructions soak fuzz clean

venv: $(VENV)/.stamp

$(VENV)/.stamp: pyproject.toml constraints.txt scripts/make_venv.sh
	PYTHON=$(PYTHON) sh scripts/make_venv.sh $(VENV)
	touch $@

demo: venv
	$(BIN)/python -m examples.demo $(if $(SECONDS),--seconds $(SECONDS)) $(OPTIONS)

test: venv
	sh scripts/get_chromium.sh
	$(BIN)/python -m pytest -n auto --dist worksteal $(OPTIONS)

# Real ROS 2, from wheels, in environments of its own; skipped loudly where there are none.
test-ros: venv
	PYTHON=$(PYTHON) sh scripts/make_ros_venvs.sh .ros
	REACTOR_ZMQ_ROS=.ros $(BIN)/python -m pytest -n 2 --dist worksteal tests/ros $(OPTIONS)

check: venv
	$(BIN)/python scripts/check.py $(OPTIONS)

format: venv
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: venv
	$(BIN)/reactor-zmq bench $(OPTIONS)

# 77: valgrind is not there, which it says; nothing was found wrong.
instructions: venv
	$(BIN)/python bench/micro/instructions.py $(OPTIONS) || test $$? = 77

# Measures for about six minutes on a quiet machine, then draws.
results: venv
	$(BIN)/python bench/peers/run.py --rounds 3 --seconds 300 --paced-sizes 1920x1080 --out docs/benchmark
	$(BIN)/python scripts/figures.py

figures: venv
	$(BIN)/python scripts/figures.py $(OPTIONS)

soak: venv
	$(BIN)/python bench/soak.py --minutes $(or $(MINUTES),10) $(OPTIONS)

fuzz: venv
	$(BIN)/python scripts/fuzz.py --minutes $(or $(MINUTES),10) $(OPTIONS)

clean:
	rm -rf $(VENV) out dist
