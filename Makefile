# Two commands are enough: `make run` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help run test test-fast check fix up down lock bench-recall bench-search bench-probe bench-backfill bench-embedders bench-turn bench-adopt bench-agent bench-failover bench-kill bench-leak bench-rooms bench-erase bench-writing bench-pages screenshots architecture settings typescript-client pages plots results livekit-server clean installed-run installed-test installed-peers installed-peers-voicemem installed-peers-hindsight

BIN := .venv/bin
COMPOSE := docker compose
# Some pyenv shims are on PATH and do not run: only a Python that starts counts.
FIND_PYTHON = for p in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done
INSTALL = python=$$($(FIND_PYTHON)); \
	test -n "$$python" || { echo "longroom: needs Python 3.11 or newer, and found none on PATH; \
	name one with: make PYTHON=/path/to/python3" >&2; exit 1; }; $$python requirements/install.py
# Most tests wait more than they compute: more workers than cores. Each runs whole files.
WORKERS := 4
# Empty: every worker, and every program that a test starts, would compile its modules again.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
LOCK_ALONE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)
LOCK = $(LOCK_ALONE) pyproject.toml

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: installed-run ## talk in the terminal to an agent that remembers (ARGS="--room NAME")
	@$(BIN)/longroom chat $(ARGS)

test: installed-test ## run every test (ARGS="-k outbox" for some of them, "-n0" one after the other)
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(PYTEST) $(ARGS)

test-fast: installed-test ## run the tests that start no room: unit, session, contract
	@$(PYTEST) tests/unit tests/session tests/contract $(ARGS)

check: installed-test ## formatting, lint, imports, types, then every test and what it covers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/mypy
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report= $(ARGS)"
	@echo "coverage: $$($(BIN)/coverage report --format=total) %"

fix: installed-test ## format, and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

up: ## start PostgreSQL, backend, LiveKit server and agent in containers
	$(COMPOSE) up --build --detach --wait

down: ## stop the containers; their data stays (docker compose down -v deletes it)
	$(COMPOSE) down

lock: installed-test ## write requirements/*.txt anew from pyproject.toml (UPGRADE=1 for newer versions)
	$(LOCK) requirements/test.in --all-extras --excludes requirements/test.exclude -o requirements/test.txt
	$(LOCK) requirements/run.in --extra agent --extra backend --extra local --extra mcp \
		--constraint requirements/test.txt --excludes requirements/run.exclude -o requirements/run.txt
	$(LOCK) --extra agent --constraint requirements/test.txt -o requirements/agent.txt
	$(LOCK) requirements/backend.in --extra backend --extra onnx \
		--constraint requirements/test.txt --excludes requirements/run.exclude -o requirements/backend.txt
	$(LOCK) --extra peers -o requirements/peers.txt
	$(LOCK_ALONE) requirements/peers-voicemem.in -o requirements/peers-voicemem.txt
	$(LOCK_ALONE) requirements/peers-hindsight.in -o requirements/peers-hindsight.txt

bench-recall: installed-test installed-peers ## what finds the evidence, us and our peers (DATA=locomo.json)
	@test -n "$(DATA)" || { echo "longroom: name a data set: make bench-recall DATA=/path/to/locomo.json" >&2; exit 1; }
	@$(BIN)/python -m benchmarks.recall "$(DATA)" $(ARGS)

bench-search: installed-test ## what a search costs, from memory and from the database, step by step and under load (SIZES=1000,10000 DATA=room.jsonl ARGS="--only load")
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.search_speed \
		$(if $(SIZES),--sizes $(SIZES)) $(if $(DATA),--data "$(DATA)") $(ARGS)

bench-probe: installed-test ## 10,000 random filtered searches against brute force (ARGS="--probes 1000")
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.search_probe $(ARGS)

bench-backfill: installed-test ## the rate of a backfill, and what live searches feel of it
	@$(BIN)/python -m benchmarks.backfill $(ARGS)

bench-embedders: installed-test ## compare the runtimes of the embedding model (ARGS=--install: sizes too)
	@$(BIN)/python -m benchmarks.embedders $(ARGS)

bench-turn: installed-test installed-peers-voicemem installed-peers-hindsight ## what memory costs a spoken turn, ours and others' (DATA=room.jsonl ARGS="--evidence locomo.json")
	@$(BIN)/python -m benchmarks.turn $(if $(DATA),--data $(DATA)) $(ARGS)

bench-adopt: installed-test ## what an agent of your own needs for a memory, and what it has then
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(BIN)/python -m benchmarks.adopt $(ARGS)

bench-agent: installed-test ## whether the agent stays flat over 10,000 turns
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(BIN)/python -m benchmarks.agent $(ARGS)

bench-failover: installed-test ## how soon a killed agent is back, handovers to wrong clocks, a failing model (N=20)
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(BIN)/python -m benchmarks.failover \
		$(if $(N),--kills $(N)) $(ARGS)

bench-kill: installed-test ## whether anything accepted is lost while all is attacked (N=1000 ARGS="--seed 1")
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(BIN)/python -m benchmarks.kill \
		$(if $(N),--kills $(N)) $(ARGS)

bench-leak: installed-test ## whether anything is shown or done without permission (ARGS="--probes 0" for all)
	@$(BIN)/python -m benchmarks.leak $(ARGS)

bench-rooms: installed-test ## how many rooms a worker holds
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(BIN)/python -m benchmarks.rooms $(ARGS)

bench-erase: installed-test ## whether what was erased is found anywhere (ARGS="--seed 1 --scenes 1")
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(BIN)/python -m benchmarks.erase $(ARGS)

bench-writing: installed-test ## whether what people really write is found (ARGS="--kinds marks,days --show-misses")
	@$(BIN)/python -m benchmarks.writing $(ARGS)

bench-pages: installed-test ## how soon the inspector and a room's page show something (needs Chromium; ARGS="--times 3")
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(BIN)/python -m benchmarks.pages $(ARGS)

results: installed-test ## write benchmarks/RESULTS.md from what was recorded
	@$(BIN)/python -m benchmarks.results

architecture: installed-test ## draw docs/architecture.md and its pictures from the code
	@$(BIN)/python -m docs.architecture

settings: installed-test ## write docs/settings.md from the classes of settings
	@$(BIN)/python -m docs.settings

typescript-client: installed-test ## describe the API, generate the TypeScript client from it, build it, test it
	@$(BIN)/python -m docs.openapi
	cd clients/typescript && npm ci --no-progress && npm run generate && npm run build
	@$(PYTEST) -n0 tests/e2e/test_typescript_client.py

pages: ## build the scripts and styles of the backend's pages, from clients/pages
	cd clients/pages && npm ci --no-progress && npm run check && npm test && npm run build

screenshots: installed-test ## take the pictures of the pages in docs/images, by their tests (needs Chromium)
	@LIVEKIT_SERVER_BIN=$$(deploy/livekit-server.sh) $(PYTEST) -n0 tests/browser --screenshots -k pictured

plots: installed-test ## draw what was recorded into docs/images
	@$(BIN)/python -m benchmarks.plot

livekit-server: ## print the path of a LiveKit server, built with Go where there is none
	@deploy/livekit-server.sh

clean: ## delete the virtual environment and every cache, but no conversation
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

installed-run:
	@$(INSTALL) run

installed-test:
	@$(INSTALL) test

installed-peers:
	@$(INSTALL) peers

installed-peers-voicemem:
	@$(INSTALL) peers-voicemem

installed-peers-hindsight:
	@$(INSTALL) peers-hindsight
