# Commands for users and developers; `make help` lists them. scripts/setup.sh makes the environment
# in .venv, and scripts/run.sh runs a command inside it.
#
# PYTHON=python3.12    the interpreter to make .venv with (default: the first that fits)
# TORCH_INDEX=URL      an extra package index with a CPU build of torch, for `make test`

AUDIO ?=
OUT ?= out/demo
TESTS ?=
export PYTHON TORCH_INDEX AUDIO OUT

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-faults lint bench evaluate-default bench-samplers bench-live soak ablations pictures setup setup-test setup-jazzy test-jazzy clean

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /|/' | \
	    while IFS='|' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

setup:  ## Make .venv with the packages of the demo and of a robot
	@scripts/setup.sh demo

setup-test:  ## Make .venv with the test and training packages too
	@scripts/setup.sh test

demo: setup  ## Play a recording to the avatar and show what it publishes (AUDIO=my.wav OUT=folder)
	@scripts/run.sh python -m diffsheg_ros.demo $(if $(AUDIO),--audio "$$AUDIO") --out "$$OUT"

test: setup-test  ## Run all tests (TESTS='tests/model/features/test_mel.py -k stream' runs some)
	@scripts/run.sh scripts/test.sh $(TESTS)

test-slow: setup-test  ## Run the tests that take minutes each (two-process training, conversion at full size)
	@scripts/run.sh python -m pytest -m slow

test-faults: setup-test  ## Run the fault tests of the avatar and of readers for minutes (DIFFSHEG_FUZZ_SECONDS=60 a reader)
	@scripts/run.sh python -m pytest -m 'slow or not slow' tests/system/faults

setup-jazzy:
	@scripts/setup.sh jazzy

test-jazzy: setup-jazzy  ## Run the tests of messages and nodes on ROS 2 Jazzy (TESTS='tests/ros/nodes/test_replay.py' runs some)
	@DIFFSHEG_VENV=.venv-jazzy scripts/run.sh python -m pytest -m 'ros and not slow and not browser' $(TESTS)

lint: setup-test  ## Check style, format, types, imports, and packages for known vulnerabilities
	@scripts/run.sh ruff check .
	@scripts/run.sh ruff format --check .
	@scripts/run.sh mypy diffsheg_model
	@scripts/run.sh lint-imports --no-cache
	@scripts/run.sh python scripts/audit.py

bench: setup-test  ## Measure every engine, side by side (JSON=file THREADS=2 ARGS='--quick')
	@scripts/run.sh python -m benchmarks.engines $(if $(JSON),--json "$(JSON)") \
	    $(if $(THREADS),--threads $(THREADS)) $(ARGS)

ablations: setup-test  ## Compare networks and samplers (DATA=shards VARIANTS='name=bundle ...')
	@scripts/run.sh python -m benchmarks.ablations $(VARIANTS) $(if $(DATA),--data "$(DATA)") \
	    $(if $(AUTOENCODERS),--autoencoder $(AUTOENCODERS)) $(ARGS)

evaluate-default: setup-test  ## Measure a bundle against its aims (BUNDLE=dir SEEDS=8 QUICK=1 FACEGOOD=dir TAKES=names)
	@scripts/run.sh python -m benchmarks.evaluate_default $(if $(BUNDLE),--bundle "$(BUNDLE)") \
	    $(if $(SEEDS),--seeds $(SEEDS)) $(if $(QUICK),--quick) \
	    $(if $(FACEGOOD),--facegood "$(FACEGOOD)") $(if $(TAKES),--take $(TAKES))

bench-samplers: setup-test  ## Measure cost and quality of the sampler's options (BUNDLE=dir SEEDS=2 QUICK=1)
	@scripts/run.sh python -m benchmarks.samplers $(if $(BUNDLE),--bundle "$(BUNDLE)") \
	    $(if $(SEEDS),--seeds $(SEEDS)) $(if $(QUICK),--quick) $(ARGS)

bench-live: setup-test  ## Measure latency and quality of live speech (QUICK=1 MINUTES=10 BUNDLE=dir JSON=file)
	@scripts/run.sh python -m benchmarks.live $(if $(BUNDLE),--bundle "$(BUNDLE)") \
	    $(if $(QUICK),--quick) $(if $(MINUTES),--minutes $(MINUTES)) \
	    $(if $(JSON),--json "$(JSON)") $(ARGS)

soak: setup-test  ## Run the soak test: an hour of conversation, and an hour's speech at full speed (MINUTES=60 SPEED=100 JSON=file)
	@scripts/run.sh python -m benchmarks.soak $(if $(MINUTES),--minutes $(MINUTES)) \
	    $(if $(SPEED),--speed $(SPEED)) $(if $(BUNDLE),--bundle "$(BUNDLE)") \
	    $(if $(JSON),--json "$(JSON)") $(ARGS)

pictures: setup-test  ## Draw the README's pictures of the avatar again (needs Chromium)
	@scripts/run.sh diffsheg generate diffsheg_ros/media/speech.flac -o out/pictures --seed 0
	@scripts/run.sh diffsheg render out/pictures/motion.npz -o docs/images/avatar.webp \
	    --start 0.3 --seconds 6 --fps 15 --size 560x400
	@scripts/run.sh diffsheg render out/pictures/motion.npz -o docs/images/avatar_strip.png \
	    --stills 5 --size 380x360

clean:  ## Remove all built and written files, .venv and out included
	rm -rf .venv .venv-jazzy build install log out *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
