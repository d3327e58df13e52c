# make build | schemas | demo | test | fuzz | lint | fmt | hil | storms | power-cuts | bench-call | bench-hil | bench-load | bench-panel | soak | pictures | console | release | install | deb | test-packages | test-yocto | cross
# Each target installs what it needs (scripts/setup) and is quick when nothing changed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: build demo test test-browser test-peers test-websocket test-models test-fuzz fuzz lint fmt hil storms power-cuts bench-call bench-hil bench-load bench-panel soak pictures schemas console release install manuals deb test-packages test-yocto cross

export KIOSK_CACHE ?= $(HOME)/.cache/kiosk
export PATH := $(KIOSK_CACHE)/node/bin:$(KIOSK_CACHE)/cargo-deb/bin:$(KIOSK_CACHE)/cargo-deny/bin:$(PATH)

SCRIPTS := .ci/run $(wildcard scripts/*) tests/hil/boot tests/hil/build-kernel tests/hil/run tests/hil/drive $(wildcard tests/hil/*.sh) tests/browser/run tests/peers/run tests/models/run tests/websocket/run fuzz/run fuzz/instrument $(wildcard tests/packages/*) yocto/check yocto/test-scripts yocto/meta-kiosk/scripts/make-keys yocto/meta-kiosk/recipes-kiosk/kiosk-system/files/{grow-data,take-card} yocto/meta-kiosk/recipes-kiosk/kiosk-update/files/{confirm-boot,rauc-tryboot} image/{cross,enter}
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
test: setup-test lint hil test-packages test-yocto test-browser test-peers test-websocket test-models test-fuzz
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

# The WebSocket layer of server and link by Autobahn's cases: tests/websocket.
test-websocket: setup-test build
	tests/websocket/run

# A minute for each target of fuzz/.
test-fuzz: setup-test
	FUZZ_SECONDS=60 fuzz/run

# FUZZ_SECONDS for each, an hour if nothing is said.
fuzz: setup-test
	fuzz/run

# The protocol on paper: it holds, and each of its defences is missed when it is taken away.
test-models: setup-models
	tests/models/run

lint: setup-lint console
	cargo fmt --all --check
	rustfmt --check --edition 2024 fuzz/fuzz_targets/*.rs
	shellcheck -x $(SCRIPTS)
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo deny --log-level error check --hide-inclusion-graph licenses bans sources
	npm --silent --prefix console run check
	npm --silent --prefix console run lint

fmt: setup-lint
	cargo fmt --all
	rustfmt --edition 2024 fuzz/fuzz_targets/*.rs
	npm --silent --prefix console run fmt

hil: setup-hil build
	tests/hil/build-kernel $(KIOSK_CACHE)/linux-uml
	tests/hil/run $(KIOSK_CACHE)/linux-uml

# Simulated kiosks, rooms and servers in bad weather: SEEDS of them, 10,000 if nothing is said; `make test` has 2,000.
storms: setup-test
	SEEDS=$${SEEDS:-10000} cargo test --workspace --test storm -- --nocapture two_thousand_storms

# CUTS of them, 500 if nothing is said.
power-cuts: setup-hil build
	tests/hil/build-kernel $(KIOSK_CACHE)/linux-uml
	CUTS=$${CUTS:-500} tests/hil/power-cuts $(KIOSK_CACHE)/linux-uml

# Call set-up times, median of 20 runs.
bench-call: setup-test build
	cargo test --package kiosk-tests --test bench_call -- --ignored --nocapture

# From a button to its light and to the screen, median of 100; echo cancellation and latency over a loopback card; in the guest.
bench-hil: setup-hil build
	tests/hil/build-kernel $(KIOSK_CACHE)/linux-uml
	tests/hil/drive $(KIOSK_CACHE)/linux-uml latency
	tests/hil/drive $(KIOSK_CACHE)/linux-uml sound parts=latency,echo

# Signaling servers under load, ours and public ones: docs/benchmarks.md. LOAD_ONE, LOAD_THREE: how many clients at one server, at three;
# PROFILE=dev measures what `make build` has built.
bench-load: setup-load
	cargo build --profile $(PROFILE) --package kiosk-server --package kiosk-bench --bins
	LOAD_PUBLIC=$(KIOSK_CACHE)/signaling $(built)/kiosk-load run

# How long it takes to paint each view at 1920x1080 on one core.
bench-panel: setup-test
	cargo test --release --package kioskd --lib -- --ignored --nocapture --test-threads=1 painting_takes presenting_takes

# SOAK_CALLS (2,000) calls one after the other, then SOAK_MINUTES (30) in one call of two guests, sampled each minute: memory, descriptors, threads,
# sound against picture. With as many arenas of memory as the unit allows.
soak: setup-hil build
	MALLOC_ARENA_MAX=2 cargo test --workspace --test endurance -- --ignored --nocapture
	tests/hil/build-kernel $(KIOSK_CACHE)/linux-uml
	GUESTS=2 HIL_LIMIT_S=$$((60 * $${SOAK_MINUTES:-30} + 900)) tests/hil/drive $(KIOSK_CACHE)/linux-uml soak

# docs/images/panel*.png, painted by the panel's own painter.
pictures: setup-test
	cargo test --package kioskd --lib -- --ignored pictures_for_the_documents

# docs/schemas, of what kioskctl says with --json.
schemas: setup-test
	KIOSK_GOLDEN=write cargo test --package kioskd --lib schemas

# What a board gets. `make install` copies what `make release` has built; packagers set DESTDIR, and PROFILE=dev takes what `make build` has built.
prefix ?= /usr
sysconfdir ?= /etc
PROFILE ?= release
built = $(or $(CARGO_TARGET_DIR),target)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
install_data = install -D -m 644
lib = $(DESTDIR)$(prefix)/lib
share = $(DESTDIR)$(prefix)/share
doc = $(share)/doc

release: console
	cargo build --profile $(PROFILE) --package kioskd --package kiosk-server --bins

install: target/packages/kioskd.toml.example manuals
	install -D -t $(DESTDIR)$(prefix)/bin $(built)/kioskd $(built)/kioskctl $(built)/kiosk-server
	for package in kioskd kiosk-server; do \
	  $(install_data) -t $(lib)/systemd/system systemd/$$package.service; \
	  $(install_data) systemd/$$package.sysusers $(lib)/sysusers.d/$$package.conf; \
	  $(install_data) -t $(lib)/systemd/system-preset systemd/80-$$package.preset; \
	  $(install_data) systemd/debian/copyright $(doc)/$$package/copyright; \
	done
	$(install_data) -t $(lib)/systemd/system systemd/provision/kioskd-provision.service systemd/kioskd-reboot/*
	[[ $(prefix) == /usr ]] || sed -i 's|=/usr/bin/|=$(prefix)/bin/|' $(lib)/systemd/system/{kioskd,kioskd-provision,kiosk-server}.service
	$(install_data) systemd/kioskd.tmpfile $(lib)/tmpfiles.d/kioskd.conf
	$(install_data) -t $(lib)/udev/rules.d systemd/70-kioskd.rules
	$(install_data) -t $(lib)/systemd/catalog systemd/kioskd.catalog
	$(install_data) -t $(doc)/kioskd $< docs/operations.md systemd/kioskd.service.d/identity.conf.example
	$(install_data) -t $(doc)/kioskd/monitoring docs/monitoring/*
	for program in kioskd kioskctl kiosk-server; do \
	  $(install_data) target/packages/$$program/completions/$$program.bash $(share)/bash-completion/completions/$$program; \
	  $(install_data) -t $(share)/zsh/vendor-completions target/packages/$$program/completions/_$$program; \
	  $(install_data) -t $(share)/fish/vendor_completions.d target/packages/$$program/completions/$$program.fish; \
	done
	$(install_data) -t $(share)/man/man1 target/packages/kioskctl/man/*
	$(install_data) -t $(share)/man/man8 target/packages/kioskd/man/* target/packages/kiosk-server/man/*
	$(install_data) -t $(doc)/kiosk-server docs/server.md systemd/kiosk-server.service.d/tls.conf.example
	[[ -e $(DESTDIR)$(sysconfdir)/kioskd/kioskd.toml ]] || $(install_data) -t $(DESTDIR)$(sysconfdir)/kioskd systemd/kioskd.toml
	[[ -e $(DESTDIR)$(sysconfdir)/default/kiosk-server ]] || $(install_data) systemd/kiosk-server.default $(DESTDIR)$(sysconfdir)/default/kiosk-server

target/packages/kioskd.toml.example: $(wildcard daemon/src/config/*.rs)
	@[[ -x $(built)/kioskd ]] || { echo "$(built)/kioskd is missing: run 'make release' first" >&2; exit 1; }
	@mkdir -p $(@D)
	$(built)/kioskd --print-default-config >$@

# Manual pages, compressed as Debian has them, and completions of shells: the programs write their own.
manuals:
	@[[ -x $(built)/kioskd ]] || { echo "$(built)/kioskd is missing: run 'make release' first" >&2; exit 1; }
	rm -rf target/packages/{kioskd,kioskctl,kiosk-server}
	$(built)/kioskd --write-manual target/packages/kioskd
	$(built)/kioskctl write-manual target/packages/kioskctl
	$(built)/kiosk-server --write-manual target/packages/kiosk-server
	gzip --best --no-name target/packages/*/man/*

# target/debian/*.deb
deb: setup-packages release target/packages/kioskd.toml.example manuals
	cargo deb --quiet --package kioskd --no-build --output target/debian/
	cargo deb --quiet --package kiosk-server --no-build --output target/debian/

# The packages of what `make build` has built: lintian, the units' hardening, the list of files; installed and used in a guest of its own.
test-packages: setup-packages build
	tests/hil/build-kernel $(KIOSK_CACHE)/linux-uml
	tests/packages/run $(KIOSK_CACHE)/linux-uml

# The Yocto layer: crate list, recipes, kas files. LAYERS_DIR, a directory with the upstream layers: BitBake parses all and unpacks the crates.
test-yocto: setup-yocto
	yocto/check $(LAYERS_DIR)

# Programs and packages for arm64, and each of them run once by qemu-user, into target/cross. As root.
cross: setup-cross console/dist/index.html
	image/cross

setup-%:
	@scripts/setup $*
