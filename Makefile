# Everything a developer types. `make` alone lists it.
#
# The demo reads ARCHIVE, COMMITS, REFS, ITEMS, REPO, GITHUB_TOKEN, GITHUB_API_URL and JSON
# from its environment, the benchmarks read JSON and MARKDOWN. make hands those on whether
# they were set before the command (`JSON=1 make demo`) or after it (`make demo JSON=1`).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# The modules of this repository; the product's own is the first.
MODULES := . dev deploy/check tools tools/actionlint tools/oasdiff

# Tools are built from pinned modules of their own and cached by the go command.
# sqlc is built without cgo: its parser then runs as WebAssembly, which needs no
# C compiler and builds in half the time.
GOLANGCI_LINT := go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint
GOFUMPT := go tool -modfile=$(CURDIR)/tools/go.mod gofumpt
WORKFLOWCHECK := go tool -modfile=$(CURDIR)/tools/go.mod workflowcheck
SQLC := CGO_ENABLED=0 go tool -modfile=$(CURDIR)/tools/go.mod sqlc
OASDIFF := go tool -modfile=$(CURDIR)/tools/oasdiff/go.mod oasdiff
ACTIONLINT := go tool -modfile=$(CURDIR)/tools/actionlint/go.mod actionlint

# Flags for go test: `make test TESTFLAGS='-run TestFence -v'`.
TESTFLAGS ?=

.PHONY: help
help: ## List what make can do
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z][a-z-]*:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Run

.PHONY: build
build: bin/holdfast ## Build the product's one binary, bin/holdfast

.PHONY: demo
demo: bin/holdfast bin/dev ## Mirror a repository from nothing and show it; see README.md for ARCHIVE, REPO, JSON
	@./bin/dev demo

.PHONY: dev
dev: bin/holdfast bin/dev ## Run the whole stack until Ctrl-C; data stays in .holdfast/
	@./bin/dev up

# The go command knows best whether a binary is current, so both are always asked for.
# Nothing here writes to standard output: `make -s demo JSON=1` prints JSON alone.
.PHONY: bin/holdfast
bin/holdfast:
	@go build -buildvcs=false -trimpath -ldflags '-X main.version=$(VERSION)' -o $@ ./cmd/holdfast

.PHONY: bin/dev
bin/dev:
	@test -e $@ || echo 'building the embedded Temporal server, several minutes the first time' >&2
	@go build -C dev -buildvcs=false -o ../$@ .

##@ Check

# The services are started once, by a process of its own, and handed to all tests of
# all modules by environment. A service that is missing then fails its tests.
.PHONY: test
test: bin/holdfast bin/dev ## Run all tests of all modules on real services, started for them
	@HOLDFAST_TEST_REQUIRE=1 ./bin/dev test -- $(SHELL) -c ' \
		status=0; \
		go test -timeout=20m $(TESTFLAGS) ./... || status=1; \
		go test -C dev -timeout=20m $(TESTFLAGS) ./... || status=1; \
		go test -C deploy/check -timeout=20m $(TESTFLAGS) ./... || status=1; \
		exit $$status'

# CHAOS_N=50 runs fewer sequences than 200, CHAOS_SEED=17 plays one plan again.
.PHONY: chaos
chaos: bin/holdfast bin/dev ## Edit, lose, kill and restart at random, and compare every item; CHAOS_N, CHAOS_SEED
	@./bin/dev chaos

# FLEETFLAGS: `make fleet FLEETFLAGS=--kill-redis`; `./bin/dev fleet --help` has them all.
FLEETFLAGS ?=

.PHONY: fleet
fleet: bin/holdfast bin/dev ## Show that several workers together keep to GitHub's limits; FLEETFLAGS, JSON
	@./bin/dev fleet $(FLEETFLAGS)

# The embedded server is not built with the race detector: only what we wrote is.
.PHONY: test-race
test-race: bin/holdfast bin/dev ## Run the tests with the race detector (needs a C compiler)
	@HOLDFAST_TEST_REQUIRE=1 ./bin/dev test -- $(SHELL) -c ' \
		status=0; \
		go test -timeout=20m -race $(TESTFLAGS) ./... || status=1; \
		go test -C dev -timeout=20m -race $(TESTFLAGS) ./e2e/... || status=1; \
		exit $$status'

# What is counted is the product: the packages of its binary without generated code. The
# end-to-end tests build the binary with counters as well, and its processes write them
# when they end: one that is killed writes none. -exec, since go test hides GOCOVERDIR.
COVER := $(CURDIR)/bin/cover
.PHONY: cover
cover: bin/holdfast bin/dev ## Show how much of each package the tests run, in real processes as well
	@rm -rf $(COVER) && mkdir -p $(COVER)/unit $(COVER)/e2e
	@packages=$$(go list -deps ./cmd/holdfast | grep '^github.com/holdfast/holdfast/' | grep -v /dbsqlc$$ | paste -sd,); \
	HOLDFAST_TEST_REQUIRE=1 ./bin/dev test -- $(SHELL) -c ' \
		status=0; set -o pipefail; \
		go test -timeout=30m -coverpkg='"$$packages"' $(TESTFLAGS) ./... -args -test.gocoverdir=$(COVER)/unit \
			| sed "/^coverage: /d; s/[[:space:]]*coverage: .*//" || status=1; \
		go test -C dev -count=1 -timeout=30m $(TESTFLAGS) \
			-exec "env GOCOVERDIR=$(COVER)/e2e GOFLAGS=-coverpkg='"$$packages"'" ./e2e || status=1; \
		exit $$status'
	@go tool covdata textfmt -i=$(COVER)/unit,$(COVER)/e2e -o $(COVER)/profile.txt
	@echo && ./bin/dev cover $(COVER)/profile.txt
	@echo "line by line: go tool cover -html=bin/cover/profile.txt"

.PHONY: lint
lint: ## Lint all code, the workflows' determinism, GitHub Actions and scripts
	$(GOLANGCI_LINT) run ./...
	cd dev && $(GOLANGCI_LINT) run --config ../.golangci.yml ./...
	cd deploy/check && $(GOLANGCI_LINT) run --config ../../.golangci.yml ./...
	$(WORKFLOWCHECK) -config tools/workflowcheck.yaml ./workflows/...
	$(ACTIONLINT) -pyflakes=
	bash -n .ci/run
	@if command -v shellcheck >/dev/null; then \
		echo shellcheck; shellcheck .ci/run deploy/*/*.sh; \
	else \
		echo 'shellcheck is not installed: scripts and the steps of workflows were not linted' >&2; \
	fi

.PHONY: verify
verify: ## Fail if generated code, go.mod files or formatting are not current
	$(SQLC) diff
	@status=0; for module in $(MODULES); do \
		echo "go -C $$module mod tidy -diff"; \
		go -C $$module mod tidy -diff || { status=1; echo "run 'go -C $$module mod tidy'" >&2; }; \
	done; exit $$status
	@echo gofumpt -l .
	@unformatted=$$($(GOFUMPT) -l .); \
		test -z "$$unformatted" || { echo "run 'make format' for:" >&2; echo "$$unformatted" >&2; exit 1; }
	@$(MAKE) --no-print-directory contract

# What clients were promised: the document of BASE. A break that has to be is named in
# docs/openapi-breaking.txt, in the words in which it is reported.
BASE ?= HEAD^
.PHONY: contract
contract: ## Fail if docs/openapi.json breaks what clients of BASE (HEAD^) rely on
	@if git cat-file -e '$(BASE):docs/openapi.json' 2>/dev/null; then \
		base=$$(mktemp); trap 'rm -f "$$base"' EXIT; \
		git show '$(BASE):docs/openapi.json' >"$$base"; \
		echo "oasdiff breaking $(BASE)"; \
		$(OASDIFF) breaking "$$base" docs/openapi.json --fail-on ERR --severity-levels tools/oasdiff/severity.txt --err-ignore docs/openapi-breaking.txt; \
	else \
		echo '$(BASE) has no docs/openapi.json: there is nothing to compare with' >&2; \
	fi

##@ Measure

# BENCHFLAGS: `make bench BENCHFLAGS=--quick`; `./bin/dev bench --help` has them all.
# MARKDOWN=1 writes the newest tables into docs/benchmarks.md, JSON=1 prints every run.
BENCHFLAGS ?=

.PHONY: bench
bench: bin/holdfast bin/dev ## Measure speed, upkeep and freshness; docs/benchmarks.md has MARKDOWN, JSON, BENCHFLAGS
	@./bin/dev bench $(BENCHFLAGS)

.PHONY: bench-upkeep
bench-upkeep: bin/holdfast bin/dev ## Count what syncs and sweeps of a mirror ask of GitHub (part of bench)
	@./bin/dev bench upkeep $(BENCHFLAGS)

.PHONY: bench-freshness
bench-freshness: bin/holdfast bin/dev ## Measure how soon a webhook's change is in its row (part of bench)
	@./bin/dev bench freshness $(BENCHFLAGS)

.PHONY: bench-load
bench-load: bin/holdfast bin/dev ## Measure how many requests a second the API answers, beside the plain limit
	@./bin/dev bench load $(BENCHFLAGS)

.PHONY: bench-streams
bench-streams: bin/holdfast bin/dev ## Measure how soon thousands of listeners have what happens; BENCHFLAGS=--kill
	@./bin/dev bench streams $(BENCHFLAGS)

.PHONY: bench-memory
bench-memory: bin/holdfast bin/dev ## Measure how much memory a worker takes for up to a million items
	@./bin/dev bench memory $(BENCHFLAGS)

.PHONY: profile
profile: bin/holdfast bin/dev ## Write pprof files of a worker that syncs to bin/profile
	@./bin/dev bench profile $(BENCHFLAGS)

##@ Change

.PHONY: generate
generate: ## Write what is generated: internal/dbsqlc, docs/openapi.json, the reference in docs/cli.md
	$(SQLC) generate
	go run ./cmd/holdfast openapi >docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json
	go run ./cmd/holdfast reference >bin/reference.md && sed -i -e '/^<!-- reference -->$$/,/^<!-- \/reference -->$$/{/^<!--/!d}' -e '/^<!-- reference -->$$/r bin/reference.md' docs/cli.md

.PHONY: format
format: ## Format all Go code as lint wants it
	$(GOLANGCI_LINT) fmt ./...
	cd dev && $(GOLANGCI_LINT) fmt --config ../.golangci.yml ./...

.PHONY: clean
clean: ## Remove what was built; the data in .holdfast/ stays
	rm -rf bin
