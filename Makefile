# Volbridge · 志桥. `make` says what there is.

# A Rust that rustup installed a minute ago is found without a new shell.
export PATH := $(HOME)/.cargo/bin:$(PATH)

PORT ?= 8080
DIR ?= data/demo
WHAT ?= sync
TARGET_DIR = $${CARGO_TARGET_DIR:-target}

.DEFAULT_GOAL := help
.PHONY: help run test fuzz endure bench check fmt layers lint

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16
	@echo '  For run: PORT=8080 is the first portal, DIR=data/demo holds the data.'

run: ## start three partners (Beijing, Bonn, Melbourne) on http://localhost:8080, 8081, 8082
	@scripts/setup run
	@cargo build -p volbridge-node
	@exec "$(TARGET_DIR)/debug/volbridge" demo --dir "$(DIR)" --port $(PORT)

test: ## every test: SQLite, PostgreSQL, a real browser
	@scripts/setup test
	@scripts/run-tests

fuzz: ## everything that reads a stranger's bytes, guided by coverage: TARGET=note MINUTES=10, or all for a minute each
	@scripts/fuzz $(TARGET) $(if $(TARGET),$(MINUTES))

endure: ## does a node grow under days of traffic? MINUTES=10 by default, 480 for the night
	@scripts/endure $(if $(MINUTES),$(MINUTES),10)

bench: ## one figure beside the machine's limit: WHAT="sync --records 100000" (docs/performance.md)
	@cargo build --release --locked -p volbridge-node -p volbridge-tests --bin volbridge --bin bench
	@exec "$(TARGET_DIR)/release/bench" $(WHAT)

check: fmt layers lint ## formatting, layering, clippy, rustdoc, shell scripts

fmt: ## is everything formatted?
	@cargo fmt --all --check

layers: ## do the arrows between the crates and modules still point one way?
	@scripts/check-layers

lint: ## clippy and rustdoc without a warning, shellcheck where it is installed
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	@RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet
	@if command -v shellcheck >/dev/null; then shellcheck $$(grep -l '^#!/bin/sh' scripts/*) .ci/run; fi
