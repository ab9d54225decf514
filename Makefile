# The few words that a developer types. `.ci/run` asks for the same.
.PHONY: help run test soak check needs
.DEFAULT_GOAL := help

help:
	@echo 'make run    builds the release and starts `pintle demo`'
	@echo 'make test   runs every test, those in the documentation too'
	@echo 'make soak   ten minutes of aggregates with broken services; keeps the result in bench/SOAK.txt'
	@echo 'make check  formatting, lints, the repository on itself, licences and bans: without a test'
	@echo 'make bench  Pintle beside its peers; bench/README.md says how'

run:
	cargo run --release --locked -p pintle -- demo

# One build of everything, so that features and profile are the same for the program and for all tests; the suite runs
# the program that this leaves behind. The runner's own words come last.
test: needs
	cargo build --workspace --all-targets --locked
	cargo test --workspace --doc --locked
	@if cargo nextest --version >/dev/null 2>&1; then \
	  echo 'cargo nextest run'; cargo nextest run --workspace --locked --no-fail-fast; \
	else \
	  echo 'cargo test'; cargo test --workspace --lib --bins --tests --locked --no-fail-fast; \
	fi

# `make test` has twenty seconds of it.
soak:
	cargo build --release --locked -p pintle
	PINTLE_BIN='$(abspath $(or $(CARGO_TARGET_DIR),target))/release/pintle' \
	  PINTLE_SOAK_SECONDS=600 PINTLE_SOAK_RESULT='$(CURDIR)/bench/SOAK.txt' \
	  cargo test --workspace --locked --test suite aggregate::soak -- --nocapture

# A line for each program that tests need beside Rust: COMMAND:PACKAGE OF DEBIAN:TESTS THAT NEED IT. `all` means that
# nothing works without it. A test whose program is missing passes over itself; here it is said which ones do.
define NEEDS
cc:gcc:all
git:git:all
nginx:nginx:smuggling
node:nodejs:smuggling
curl:curl:compress
redis-server:redis-server:shared_limits
chromium:chromium:oidc_chromium
python3:python3:files
endef
export NEEDS

# Packages of PyPI that tests take as peers, in a folder of their own beside the build.
PEERS := cryptography grpcio pyjwt rotel schemathesis websockets
VENV := $(or $(CARGO_TARGET_DIR),target)/venv

# Packages of npm that tests take as peers: an issuer, and what drives a browser.
NPM := $(or $(CARGO_TARGET_DIR),target)/npm
NPM_PEERS := oidc-provider@9 playwright-core@1

# Prometheus' own tool, for metrics tests: taken out of Debian's package, which would start a server where it is installed.
PROMTOOL := $(or $(CARGO_TARGET_DIR),target)/prometheus

needs:
	@command -v promtool >/dev/null || [ -x $(PROMTOOL)/usr/bin/promtool ] || { \
	  echo 'fetching promtool, for metrics tests'; \
	  { mkdir -p $(PROMTOOL) && cd $(PROMTOOL) && \
	    { timeout 120 apt-get download prometheus || { timeout 120 apt-get update && timeout 120 apt-get download prometheus; }; } && \
	    dpkg-deb -x prometheus_*.deb . ; rm -f prometheus_*.deb; [ -x usr/bin/promtool ]; } </dev/null >/dev/null 2>&1 || \
	    echo 'promtool of Debian'"'"'s prometheus cannot be fetched: left out: metrics tests'; \
	}
	@$(VENV)/bin/python -c 'import cryptography, grpc, jwt, rotel, schemathesis, websockets' 2>/dev/null || { \
	  echo 'installing $(PEERS) of PyPI, for peers, traces, admin and jwt tests'; \
	  { timeout 60 python3 -m venv $(VENV) && timeout 180 $(VENV)/bin/pip install --quiet $(PEERS); } </dev/null >/dev/null 2>&1 || { \
	    rm -rf $(VENV); \
	    echo '$(PEERS) of PyPI cannot be installed (needs python3-venv): left out: peers, traces, admin and jwt tests'; \
	  }; \
	}
	@[ -d $(NPM)/node_modules/oidc-provider ] && [ -d $(NPM)/node_modules/playwright-core ] || { \
	  echo 'installing $(NPM_PEERS) of npm, for oidc tests'; \
	  { mkdir -p $(NPM) && timeout 180 npm install --prefix $(NPM) --no-audit --no-fund --ignore-scripts $(NPM_PEERS); } </dev/null >/dev/null 2>&1 || { \
	    rm -rf $(NPM); \
	    echo '$(NPM_PEERS) of npm cannot be installed (needs npm): left out: oidc tests'; \
	  }; \
	}
	@echo "$$NEEDS" | while IFS=: read -r command package tests; do \
	  command -v "$$command" >/dev/null && continue; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing $$package, for $$tests tests"; \
	    { apt-get update && apt-get install -y --no-install-recommends "$$package"; } </dev/null >/dev/null 2>&1 && continue; \
	  fi; \
	  echo "$$command is missing (package $$package): left out: $$tests tests"; \
	  [ "$$tests" != all ] || exit 1; \
	done

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo run --quiet --locked -p xtask -- tidy
	@command -v cargo-deny >/dev/null || { echo 'cargo-deny is missing: cargo install cargo-deny --locked'; exit 1; }
	cargo deny check --hide-inclusion-graph bans licenses sources

include bench/bench.mk
