# make build | demo | test | lint | fmt | hil | bench-call | bench-hil | console
# Each target installs what it needs (scripts/setup) and is quick when nothing changed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: build demo test test-browser test-peers lint fmt hil bench-call bench-hil console

export KIOSK_CACHE ?= $(HOME)/.cache/kiosk
export PATH := $(KIOSK_CACHE)/node/bin:$(PATH)

SCRIPTS := .ci/run $(wildcard scripts/*) tests/hil/boot tests/hil/build-kernel tests/hil/run tests/hil/drive $(wildcard tests/hil/*.sh) tests/browser/run tests/peers/run
CONSOLE_SOURCES := $(wildcard console/*.*) $(shell find $(wildcard console/src console/public))

build: console
	cargo build --workspace --bins --examples

# DEMO_PORT, DEMO_KIOSKS, DEMO_LAN: see scripts/demo.
demo: setup-demo build
	scripts/demo

console: setup-build console/dist/index.html

console/dist/index.html: $(CONSOLE_SOURCES) | setup-build
	npm --silent --prefix console run build
	@touch $@

# The Rust tests come last, so that the run ends with their counts.
test: setup-test lint hil test-browser test-peers
	npm --silent --prefix console test
	if cargo nextest --version >/dev/null 2>&1; then \
	  cargo test --quiet --workspace --doc && cargo nextest run --workspace --no-fail-fast; \
	else \
	  cargo test --workspace --exclude kiosk-tests --no-fail-fast && cargo test --package kiosk-tests --no-fail-fast -- --test-threads=1; \
	fi

# The page in headless Chromium against a simulated kiosk: tests/browser.
test-browser: setup-test build
	tests/browser/run

# The vectors and a call by an independent WebRTC stack: tests/peers.
test-peers: setup-test build
	tests/peers/run

lint: setup-lint console
	cargo fmt --all --check
	shellcheck -x $(SCRIPTS)
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	npm --silent --prefix console run check
	npm --silent --prefix console run lint

fmt: setup-lint
	cargo fmt --all
	npm --silent --prefix console run fmt

hil: setup-hil build
	tests/hil/build-kernel $(KIOSK_CACHE)/linux-uml
	tests/hil/run $(KIOSK_CACHE)/linux-uml

# Call set-up times, median of 20 runs.
bench-call: setup-test build
	cargo test --package kiosk-tests --test bench_call -- --ignored --nocapture

# From a button to its light and to the screen, median of 100; echo cancellation and latency over a loopback card; in the guest.
bench-hil: setup-hil build
	tests/hil/build-kernel $(KIOSK_CACHE)/linux-uml
	tests/hil/drive $(KIOSK_CACHE)/linux-uml latency
	tests/hil/drive $(KIOSK_CACHE)/linux-uml sound parts=latency,echo

setup-%:
	@scripts/setup $*
