# make demo: a registry to look at and the exporter beside it. make test: everything that must pass.
GO         ?= go
GOFUMPT     = $(GO) run mvdan.cc/gofumpt@v0.12.0
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0
VERSION    := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION   := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
BRANCH     := $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null || echo unknown)
# When the commit was made, and not the build: the same commit gives the same binary.
DATE       := $(shell TZ=UTC git log -1 --date=format-local:%Y%m%d-%H:%M:%S --format=%cd 2>/dev/null || echo unknown)
version     = -X github.com/prometheus/common/version.$(1)=$(2)
LDFLAGS     = -s -w $(call version,Version,$(VERSION)) $(call version,Revision,$(REVISION)) $(call version,Branch,$(BRANCH)) $(call version,BuildDate,$(DATE))

# The exporter is the module in this folder. What needs more to test or show it has modules of its own.
MODULES     = $(dir $(wildcard go.mod */go.mod))
in_modules  = @for m in $(MODULES); do (cd $$m && $(1)) || exit 1; done

# go mod tidy downloads what the tests of dependencies need, which for Prometheus' parser, in alerts, is all of Kubernetes and the clouds.
# There go.mod has to require the modules that packages and tests are built of, and no others: that is what it would say.
MODULE_OF      = {{with .Module}}{{if not .Main}}{{.Path}}{{with .Version}} {{.}}{{end}}{{end}}{{end}}
requires_built = built=$$($(GO) list -deps -test -f '$(MODULE_OF)' ./... | sort -u) && \
	required=$$(sed -n 's,^\t\([^ ]* v[^ ]*\).*,\1,p' go.mod | sort -u) && \
	test "$$built" = "$$required" || { echo "alerts/go.mod requires:"; echo "$$required"; echo "and is built of:"; echo "$$built"; exit 1; }

# What the tests run besides Go; what is missing is installed (Debian, as root).
PACKAGES    = gcc libc6-dev prometheus prometheus-alertmanager nginx-light docker-registry curl docker-compose systemd rpm

.PHONY: build release demo gameday test unit fuzz tools lint vuln format bench clients e2e e2e-all

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o registry_exporter .

# make release VERSION=1.0.0 writes archives, deb, rpm, lists of modules and checksums into dist/.
release:
	@test "$(origin VERSION)" = "command line" || { echo "make release VERSION=1.0.0"; exit 1; }
	cd release && $(GO) run . --version="$(VERSION)" --out=../dist

demo: build
	cd demo && $(GO) run . --exporter=../registry_exporter --fixtures=../collector/msr/testdata/rethinkdb --alerts=../alerts

# Breaks the demo ROUNDS times, in 3 to 5 minutes each, and writes to gameday/ what reached people: round-01.txt, round-02.txt and so
# on. SEED decides what breaks; gameday/truth.txt tells it, and whether people got the page of that fault, or its ticket where
# that suffices, and nothing about another registry.
SEED   ?= 1
ROUNDS ?= 10
gameday: build
	cd demo && $(GO) build -o ../gameday/demo . && $(GO) run ./gameday --seed=$(SEED) --rounds=$(ROUNDS) --dir=../gameday --demo=../gameday/demo -- \
		--exporter=../registry_exporter --fixtures=../collector/msr/testdata/rethinkdb --alerts=../alerts

# Without root and Debian's programs.
unit:
	$(GO) test . ./accesslog/... ./collector/... ./config/... ./durable/... ./node/... ./runbooks/...

# Fuzzes each target in turn, for FUZZTIME, and names those that fail. The inputs that failed stand in testdata/fuzz beside
# the target then: mend the code, and commit them. An input that reaches new code is hardly made smaller: that takes a minute each.
FUZZTIME ?= 3m
fuzz:
	@grep -rn --include='*_test.go' '^func Fuzz' . | sed -E 's,/[^/]*:[0-9]+:func (Fuzz[A-Za-z]*).*, \1,' | sort | { \
	failed=; while read -r folder target; do echo "== $$folder $$target"; \
		$(GO) test $$folder -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x </dev/null || failed="$$failed $$folder/$$target"; \
	done; test -z "$$failed" || { echo "failed:$$failed"; exit 1; }; }

# Not with the race detector: clients/, whose clients would wait for each other's time-outs.
test: tools lint
	$(call in_modules,$(GO) test $$(test $$m = clients/ || echo -race) -shuffle=on -timeout 40m ./...)

tools:
	@for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	test -z "$$missing" || { echo "installing$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

lint: vuln
	@out=$$($(GOFUMPT) -l .) || exit 1; test -z "$$out" || { echo "not formatted, run make format:"; echo "$$out"; exit 1; }
	$(call in_modules,$(GO) vet ./... && $(STATICCHECK) ./...)
	@for m in $(filter-out alerts/,$(MODULES)); do (cd $$m && $(GO) mod tidy -diff) || exit 1; done
	@cd alerts && $(requires_built)

# Known faults of the modules and of Go, where their list can be reached.
vuln:
	@if curl -fsS -m 5 -o /dev/null https://vuln.go.dev/index/db.json 2>/dev/null; then $(GOVULNCHECK) ./...; \
	else echo "govulncheck is left out: vuln.go.dev cannot be reached"; fi

format:
	$(GOFUMPT) -w .

bench: build
	$(GO) test -run '^$$' -bench . -benchmem ./collector/... ./accesslog
	cd demo && $(GO) run ./bench --exporter=../registry_exporter

# The table of what real clients and the probes make of each known behaviour of a registry: clients/README.md.
clients:
	cd clients && $(GO) test -count=1 -timeout 10m -args -table

# Breaks one part of a real stack and reads the page: FAULT is a name in e2e/faults.go, several with commas, ci or all.
# With ALERTS=1 it also waits until the right people are told, which takes half a minute or two each; ci does for the quickest.
# The test compares the alerts as people get them with e2e/testdata/told, which UPDATE=1 writes, and runs the next command that check prints: it has
# to show the fault.
# Needs root and Debian.
e2e:
	@test -n "$(FAULT)" || { echo "make e2e FAULT=NAME: e2e/faults.go lists them"; exit 1; }
	cd e2e && $(GO) test -count=1 -v -timeout 4h . -args -fault=$(FAULT) $(if $(ALERTS),-alerts) $(if $(UPDATE),-update)

e2e-all: FAULT = all
e2e-all: e2e
