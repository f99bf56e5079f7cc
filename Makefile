# make lab   opens the course            make test   checks all of it
# Both set up .venv by themselves, the first time and when the package list changes.
PYTHON ?= python3
VENV := $(if $(filter Windows_NT,$(OS)),.venv/Scripts/python,.venv/bin/python)

# What is set for another Python, or for other tests, doesn't reach the course's own.
unexport $(filter PYTHON% PYTEST_% RUFF_%,$(.VARIABLES))

.PHONY: lab test env kernel refresh cheatsheet bench test-elsewhere test-strength
.NOTPARALLEL:

lab: env
	@"$(VENV)" tests/tools/lab.py

test: env
	@"$(VENV)" tests/tools/style.py
	@"$(VENV)" -m pytest --nbval -n 2 --no-loadscope-reorder

env:
	@command -v "$(PYTHON)" >/dev/null || { echo "No '$(PYTHON)' here. Install Python 3.11 or newer, or name yours: make lab PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" tests/tools/prepare.py

# The course's kernel, for a JupyterLab that lives in another environment.
kernel: env
	@"$(VENV)" -m ipykernel install --user --name pytorch-course --display-name "PyTorch course" \
		--env OMP_WAIT_POLICY passive --env MPLBACKEND module://matplotlib_inline.backend_inline

# Runs every notebook and writes its outputs back, normalised.
refresh: env
	@"$(VENV)" tests/tools/refresh.py

# Collects every recipe of the notebooks on one page, and runs it.
cheatsheet: env
	@"$(VENV)" tests/tools/cheatsheet.py
	@"$(VENV)" tests/tools/refresh.py notebooks/cheatsheet.ipynb

# Takes a quarter of an hour: what the course costs, and what notebook 08 claims of several seeds.
bench: env
	@mkdir -p build
	@"$(VENV)" tests/benchmarks/transfer.py
	@"$(VENV)" -m pytest -q tests/benchmarks -o python_files='bench_*.py' --benchmark-json=build/bench.json

# Takes three quarters of an hour: all tests as other machines would run them.
test-elsewhere: env
	@"$(VENV)" tests/tools/elsewhere.py

# Takes two hours: breaks helper and the notebooks, to see that a test notices.
test-strength: env
	@"$(VENV)" tests/tools/strength.py
