# The commands of this repository; `make` alone lists them. npm runs on the machine's own Node (20 or later), everything
# else on the project's, which `make install` brings along as a package.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
# The project's tools first. npm itself is kept off this PATH: it must not run on the Node it is replacing.
TOOLS := PATH="$(CURDIR)/node_modules/.bin:$$PATH"
INSTALLED := node_modules/.package-lock.json
SOURCES := $(shell find src gen scripts/bundle.ts -type f ! -name '*.test.ts' 2>/dev/null)
TEST_MS_MAX := 300000
# Of the long sizes, each file.
LONG_TEST_MS_MAX := 1800000
# Unit and tidy tests share one process: starting one for each file would take ten times as long. Beside them one server
# is asked by each API.
UNIT := test/all-unit.test.ts test/smoke.test.ts
# With the files that boot servers. Node runs them in the order of their names, the unit tests first.
WHOLE := $(filter-out test/tidy/%,$(wildcard test/*.test.ts test/*/*.test.ts))
NODE_TEST := node --disable-warning=ExperimentalWarning --test --test-concurrency=2 --test-timeout=$(TEST_MS_MAX)
LONG_TEST := COFFER_TEST_SIZE=full $(subst $(TEST_MS_MAX),$(LONG_TEST_MS_MAX),$(NODE_TEST))

.PHONY: help install start test check lint types dead-code unit fmt bench bench-scale test-crash test-failover test-simulation test-property test-clients test-peers docs lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) build/coffer.mjs ## install what package-lock.json names and bundle the server

start: install ## start the server on 127.0.0.1:8200; Ctrl-C stops it
	@exec ./coffer server

test: $(INSTALLED) static ## everything: check, then the tests that boot servers and speak to them
	@$(TOOLS) $(NODE_TEST) $(WHOLE)

check: $(INSTALLED) static unit ## format, lint, types, boundaries, dead code, unit tests, one server asked: under a minute

.PHONY: static
static: lint types dead-code

lint: $(INSTALLED)
	@$(TOOLS) node --run lint

types: $(INSTALLED)
	@$(TOOLS) node --run types

dead-code: $(INSTALLED)
	@$(TOOLS) node --run dead-code

unit: $(INSTALLED)
	@$(TOOLS) $(NODE_TEST) $(UNIT)

fmt: $(INSTALLED) ## format the sources and apply safe fixes
	@$(TOOLS) biome check --write .

docs: $(INSTALLED) ## write the pages that are made from the code
	@$(TOOLS) node --disable-warning=ExperimentalWarning scripts/errors-doc.ts
	@$(TOOLS) node --disable-warning=ExperimentalWarning scripts/openapi-doc.ts
	@$(TOOLS) node --disable-warning=ExperimentalWarning scripts/cli-doc.ts

lock: $(INSTALLED) ## complete package-lock.json after npm install added or updated a package
	@$(TOOLS) node --disable-warning=ExperimentalWarning scripts/lock-platforms.ts
	@npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $(INSTALLED)

bench: install ## requests per second, latency, CPU and memory, beside bare servers; BENCH=--only=access.rest for one
	@$(TOOLS) node --disable-warning=ExperimentalWarning bench/run.ts $(BENCH)

bench-scale: install ## reads, start and memory at a thousand and a million secrets: some 10 minutes and 8 GB of disk
	@$(TOOLS) node --disable-warning=ExperimentalWarning bench/scale.ts $(BENCH)

test-crash: $(INSTALLED) ## kill -9 under write load 200 times, then each system call failing in turn: 15 minutes
	@$(TOOLS) COFFER_CRASH_ROUNDS=200 $(LONG_TEST) $(wildcard test/crash/*.test.ts)

test-simulation: $(INSTALLED) ## five minutes of simulated servers, each from a new seed; COFFER_SEED repeats one
	@$(TOOLS) $(LONG_TEST) test/simulation/simulation.test.ts

test-failover: $(INSTALLED) ## a PostgreSQL primary killed under two servers ten times, and all else of that store: five minutes
	@$(TOOLS) $(LONG_TEST) $(wildcard test/failover/*.test.ts) $(wildcard test/postgres/*.test.ts)

test-property: $(INSTALLED) ## a hundred clients against a real server, ten times as long; COFFER_TEST_WORKERS sets its workers
	@$(TOOLS) $(LONG_TEST) $(wildcard test/property/*.test.ts)

test-clients: $(INSTALLED) ## the client libraries on 10,000 secrets and 5,000 versions
	@$(TOOLS) COFFER_TEST_SIZE=full $(NODE_TEST) test/sdk/clients.test.ts

test-peers: $(INSTALLED) ## the suites that the makers of the clients publish, live
	@$(TOOLS) $(LONG_TEST) $(wildcard test/*/published.test.ts test/*/*-published.test.ts test/vault/hvac*.test.ts test/vault/bao*.test.ts test/vault/node-vault.test.ts)

clean: ## remove what install made
	rm -rf node_modules build coverage

$(INSTALLED): package-lock.json
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(TOOLS) node -e 'if (parseInt(process.versions.node, 10) < 24) { console.error("make: no Node 24 or later for this platform: put one on PATH"); process.exit(1); }'
	@touch $@

build/coffer.mjs: $(INSTALLED) $(SOURCES)
	@$(TOOLS) node --disable-warning=ExperimentalWarning scripts/bundle.ts
