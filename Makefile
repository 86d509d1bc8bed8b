.PHONY: run test bench lock format setup clean
.DEFAULT_GOAL := run
# Where bytecode may not be kept, each of our processes would take three times as long to start.
unexport PYTHONDONTWRITEBYTECODE

# Everything on this machine, with a demo AWS organisation. PORT, LAB_PORT, CSPM_HOME may be set.
run: setup
	@exec .venv/bin/python manage.py up --demo

# Every check and test; ARGS reach pytest.
test: setup
	@bin/check $(ARGS)

# Measures the numbers in docs/performance.md and writes .bench/results.json.
bench: setup
	@.venv/bin/python -m bench $(ARGS)

setup:
	@bin/setup

lock: setup
	@bin/lock $(ARGS)

format: setup
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

# Everything made here: environments, data, caches. The demo's data goes too.
clean:
	@[ ! -x .venv/bin/python ] || .venv/bin/python -c "from pathlib import Path; from cspm.embedded import places; places.remove(Path('.run').resolve())"
	@rm -rf .venv .uv .run .bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
