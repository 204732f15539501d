# The one entry for people and for CI. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1

TOPOLOGY ?= lab/topologies/reference.yaml
NAME ?= lab
VEHICLE ?= ns
# Programs need the .NET runtime, wherever it was installed; sudo forgets both.
ifndef DOTNET_ROOT
export DOTNET_ROOT := $(shell dirname "$$(readlink -f "$$(command -v dotnet)" 2>/dev/null)" 2>/dev/null)
endif
SUDO := $(if $(filter 0,$(shell id -u)),,sudo -E env "PATH=$$PATH" "DOTNET_ROOT=$$DOTNET_ROOT")

# Program and the project that it is made from. One row a program.
PROGRAMS := fabricd:controller/Fabric.Controller fabricctl:controller/fabricctl fabric-lab:lab/Fabric.Lab softgated:softgate/Fabric.SoftGate \
  fabric-cloudstack-bridge:cloudstack-plugin-bridge/Fabric.CloudStackBridge

# Directories count too: their times change when a file is removed.
sources = $(shell find $(1) -name bin -prune -o -name obj -prune -o -path lab/demo -prune -o -name '*.actual' -o -name '* *' -o -print 2>/dev/null)
SHARED_SOURCES := Fabric.sln global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig
PRODUCT_SOURCES = $(SHARED_SOURCES) $(call sources,controller switch-drivers softgate cloudstack-plugin-bridge lab)
TEST_SOURCES = $(PRODUCT_SOURCES) $(call sources,tests)

.PHONY: help build extension test test-unit test-lab lint golden bench bench-bgp bench-softgate bench-extension bench-cloudstack fuzz-bgp fuzz-softgate lab-up lab-down demo demo-down clean packages-build packages-lab packages-vm packages-test

help: ## this list
	@echo 'make TARGET [VARIABLE=VALUE...]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

build: packages-build ## Release build; programs become runnable as bin/fabricd, bin/fabricctl, bin/fabric-lab, bin/softgated, bin/fabric-cloudstack-bridge
	@if $(MAKE) -q bin/.built; then echo 'bin/ is up to date'; else $(MAKE) bin/.built; fi

extension: packages-build bin/extension/fabric-network-extension ## bin/extension: what goes onto CloudStack's management servers; see docs/cloudstack-extension.md
	@echo 'bin/extension is up to date'

test: packages-lab packages-vm packages-test build extension artifacts/.tests-built ## every test; last line: N passed, N failed, N skipped
	@tests/run.sh

test-unit: packages-build packages-test build artifacts/.tests-built ## the tests that need no lab and no root
	@tests/run.sh --unit

test-lab: packages-lab packages-vm packages-test build artifacts/.tests-built ## the tests that raise labs; PROJECT=Fabric.X.Tests for one project
	@tests/run.sh --lab $(PROJECT)

lint: ## formatting, analyzers and shell scripts
	@.ci/lint

golden: packages-build artifacts/.tests-built ## write the golden files anew; look at the difference before you commit it
	@FABRIC_UPDATE_GOLDEN=1 tests/run.sh --unit || true
	@git status --short -- tests

bench: build ## benchmarks of compiler, diff and API
	@dotnet run --project tests/Fabric.Benchmarks -c Release -- $(BENCH)

bench-bgp: packages-lab packages-test build ## FRR, GoBGP and fabricd as EVPN route reflectors, side by side: BENCH="--quick"
	@dotnet build tests/Fabric.Bgp.Benchmarks -c Release -v quiet --nologo -clp:NoSummary
	@$(SUDO) tests/Fabric.Bgp.Benchmarks/bin/Release/net10.0/Fabric.Bgp.Benchmarks $(BENCH)

bench-softgate: packages-build packages-lab ## the SoftGate's data path beside bare redirect and nftables: BENCH="--quick"
	@$(SDK)
	@dotnet build tests/Fabric.SoftGate.Benchmarks -c Release -v quiet --nologo -clp:NoSummary
	@$(SUDO) tests/Fabric.SoftGate.Benchmarks/bin/Release/net10.0/Fabric.SoftGate.Benchmarks $(BENCH)

bench-extension: build extension ## a call of CloudStack's extension beside an empty .NET program: CALLS=50
	@tests/bench-extension.sh $(or $(CALLS),50)

bench-cloudstack: packages-build ## a thousand VPCs through the CloudStack bridge, and how long its lists take then: VPCS=1000
	@$(SDK)
	@dotnet build tests/Fabric.CloudStackBridge.Tests -c Release -v quiet --nologo -clp:NoSummary
	@FABRIC_BENCH_VPCS=$(or $(VPCS),1000) tests/Fabric.CloudStackBridge.Tests/bin/Release/net10.0/Fabric.CloudStackBridge.Tests -noLogo -noColor -explicit only -class '*BridgeBenchmark' -showLiveOutput

fuzz-bgp: packages-build ## mutated BGP messages, hex and captures against the codec: SECONDS=60 FUZZ="--seed N --messages N --workers N"
	@$(SDK)
	@dotnet build tests/Fabric.Bgp.Fuzz -c Release -v quiet --nologo -clp:NoSummary
	@tests/Fabric.Bgp.Fuzz/bin/Release/net10.0/Fabric.Bgp.Fuzz --seconds $(or $(SECONDS),60) $(FUZZ)

fuzz-softgate: packages-build ## mutated packets through the SoftGate's data path: SECONDS=60 FUZZ="--seed N --packets N --workers N"
	@$(SDK)
	@dotnet build tests/Fabric.SoftGate.Fuzz -c Release -v quiet --nologo -clp:NoSummary
	@$(SUDO) tests/Fabric.SoftGate.Fuzz/bin/Release/net10.0/Fabric.SoftGate.Fuzz --seconds $(or $(SECONDS),60) $(FUZZ)

lab-up: packages-lab $(if $(filter vm,$(VEHICLE)),packages-vm) build ## raise a lab: TOPOLOGY=lab/topologies/reference.yaml NAME=lab VEHICLE=ns|vm
	@$(SUDO) bin/fabric-lab up --name $(NAME) --topology $(TOPOLOGY) --vehicle $(VEHICLE)

lab-down: build ## remove a lab: NAME=lab
	@$(SUDO) bin/fabric-lab down --name $(NAME)

demo: ## from nothing to packets between virtual machines of two VPCs; leaves everything running
	@lab/demo/demo.sh up

demo-down: ## remove everything that the demo has made
	@lab/demo/demo.sh down

clean: ## remove what was built
	@rm -rf bin artifacts && find controller switch-drivers softgate cloudstack-plugin-bridge lab tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +

# ---------------------------------------------------------------------------------------------------------------------

SDK := command -v dotnet >/dev/null || { echo 'make: the .NET 10 SDK is missing; see https://dot.net/download' >&2; exit 1; }

packages-build packages-lab packages-vm packages-test: packages-%:
	@lab/install-packages.sh $*

# Each program is published into a folder of its own; bin/NAME leads to it.
bin/.built: $(PRODUCT_SOURCES)
	@$(SDK)
	@echo 'building the programs (Release)'
	@mkdir -p bin/lib
	@for row in $(PROGRAMS); do \
	  name=$${row%%:*}; project=$${row#*:}; \
	  rm -rf bin/lib/$$name.new; \
	  dotnet publish $$project -c Release -o bin/lib/$$name.new -v quiet --nologo -p:DebugType=portable; \
	  rm -rf bin/lib/$$name; mv bin/lib/$$name.new bin/lib/$$name; \
	  ln -sfn lib/$$name/$$name bin/$$name; \
	  echo "  bin/$$name"; \
	done
	@touch $@

# One file that needs no .NET on the server: the runtime is inside, trimmed and compiled ahead.
EXTENSION := cloudstack-plugin-bridge/Fabric.NetworkExtension
bin/extension/fabric-network-extension: $(SHARED_SOURCES) $(call sources,$(EXTENSION))
	@$(SDK)
	@echo 'building the extension (Release, self-contained)'
	@rm -rf bin/extension.new
	@dotnet publish $(EXTENSION) -c Release -r linux-x64 -o bin/extension.new -v quiet --nologo -p:GenerateDocumentationFile=false
	@cp -p $(EXTENSION)/install.sh $(EXTENSION)/capabilities.json bin/extension.new/
	@rm -rf bin/extension && mv bin/extension.new bin/extension && touch $@

artifacts/.tests-built: $(TEST_SOURCES)
	@$(SDK)
	@echo 'building the tests (Release)'
	@mkdir -p artifacts
	@dotnet build Fabric.sln -c Release -v quiet --nologo -clp:NoSummary
	@touch $@
