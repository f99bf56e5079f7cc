# make lab   opens the course            make test   checks all of it
# Both set up .venv by themselves, the first time and when the package list changes.
# On Windows: in Git Bash, whose sh runs these lines; Python's own installers make no python3 there.
PYTHON ?= $(if $(filter Windows_NT,$(OS)),python,python3)
VENV := $(if $(filter Windows_NT,$(OS)),.venv/Scripts/python,.venv/bin/python)
SITE_VENV := $(subst .venv/,.venv-site/,$(VENV))

# What is set for another Python, or for other tests, doesn't reach the course's own.
unexport $(filter PYTHON% PYTEST_% RUFF_%,$(.VARIABLES))
# As on other systems: Windows has an encoding of its own for pipes and Git Bash, without ✓ and →.
export PYTHONUTF8 := 1

# What each does, and how long it takes: CONTRIBUTING.md.
.PHONY: lab edit test check answers links env kernel refresh cheatsheet glossary pictures renew bench test-elsewhere test-strength \
	site site-env test-browser
.NOTPARALLEL:

lab: env
	@"$(VENV)" tools/open_lab.py

# Opens notebooks/ itself, for those who change the course.
edit: env
	@"$(VENV)" tools/open_lab.py --originals

test: env
	@"$(VENV)" tools/check_style.py
	@"$(VENV)" -m pytest --nbval -n 2 --no-loadscope-reorder

# What takes seconds: for a hook before each commit.
check: env
	@"$(VENV)" tools/check_style.py
	@"$(VENV)" -m pytest -q tests/test_notebooks.py -k "belong or stored or fit or short or links"

# Who has solved what: a table of the notebooks that a class handed in.
answers: env
	@test -n "$(FOLDER)" || { echo "Which notebooks? make answers FOLDER=/path/to/a/folder"; exit 1; }
	@"$(VENV)" tools/tabulate_answers.py "$(FOLDER)" $(if $(CSV),--csv "$(CSV)")

links: env
	@"$(VENV)" tools/list_links.py

env:
	@command -v "$(PYTHON)" >/dev/null || { echo "No '$(PYTHON)' here. Install Python 3.11 or newer, or name yours: make lab PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" tools/make_environment.py

# The course's kernel, for a JupyterLab that lives in another environment.
kernel: env
	@"$(VENV)" -m ipykernel install --user --name pytorch-course --display-name "PyTorch course" \
		--env OMP_NUM_THREADS 1 --env MPLBACKEND module://matplotlib_inline.backend_inline

# Runs every notebook and writes its outputs back, normalised.
refresh: env
	@"$(VENV)" tools/refresh_outputs.py

# The course as a web site, in build/site: from the stored notebooks, nothing is run.
site: site-env
	@"$(SITE_VENV)" tools/build_site.py

# Uses the site, and JupyterLab, in a browser as a person does.
test-browser: env site
	@"$(SITE_VENV)" -m pytest tests/browser

site-env:
	@command -v "$(PYTHON)" >/dev/null || { echo "No '$(PYTHON)' here. Install Python 3.11 or newer, or name yours: make site PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" tools/make_site_environment.py

# Collects every recipe of the notebooks on one page, and runs it.
cheatsheet: env
	@"$(VENV)" tools/build_cheatsheet.py
	@"$(VENV)" tools/refresh_outputs.py notebooks/cheatsheet.ipynb

# Collects the terms that the lessons explain, each with its sentence.
glossary: env
	@"$(VENV)" tools/build_glossary.py

# Draws the ideas of the lessons, which are code in tools/pictures.
pictures: env
	@"$(VENV)" tools/draw_pictures.py

# All that is stored and compared, anew: drawings, cheat sheet, glossary, outputs, what check says, figures.
renew: env
	@"$(VENV)" tools/draw_pictures.py
	@"$(VENV)" tools/build_cheatsheet.py
	@"$(VENV)" tools/build_glossary.py
	@"$(VENV)" tools/refresh_outputs.py
	@COURSE_RENEW=1 "$(VENV)" -m pytest -q tests/test_exercises.py tests/test_plot.py

# Takes half an hour: what the course costs, how that grows, and what notebooks 08 and 09 claim of several seeds.
bench: env
	@mkdir -p build
	@"$(VENV)" tests/benchmarks/threads.py
	@"$(VENV)" tests/benchmarks/convolutions.py
	@"$(VENV)" tests/benchmarks/transfer.py
	@"$(VENV)" -m pytest -q tests/benchmarks -o python_files='bench_*.py' --benchmark-json=build/bench.json

# Takes an hour: all tests as other machines would run them.
test-elsewhere: env
	@"$(VENV)" tools/run_elsewhere.py

# Takes an hour and a half: breaks helper and the notebooks, to see that a test notices.
test-strength: env
	@"$(VENV)" tools/run_mutants.py
