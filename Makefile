# SPDX-License-Identifier: Apache-2.0
#
# A front door for meson, which does the work. `make help` lists what can be done.

BUILD ?= build
FUZZ_SECONDS ?= 120
MESON ?= meson

# The release build. meson remembers its options; new ones: meson configure build -D...
$(BUILD)/build.ninja:
	@$(MESON) setup $(BUILD)

# Started as root the broker becomes this user: its state belongs to it.
RUN_AS = $$(id -un hawker 2>/dev/null || echo nobody)

.DEFAULT_GOAL := help
.PHONY: help run build deb packages-check rpm dist dist-check sbom check bench attack fuzz soak torture late-check selinux-check apparmor-check \
        install format clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(BUILD)/build.ninja ## build a release in build/
	@ninja -C $(BUILD)

run: ## build a release and run the broker here, for clients of this machine
	@.ci/dependencies build
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@ninja -C $(BUILD) daemon/hawkerd
	@if [ "$$(id -u)" -eq 0 ]; then install -d -m 0700 -o "$(RUN_AS)" run; \
		else install -d -m 0700 run; fi
	@command -v mosquitto_sub >/dev/null || \
		echo 'For the clients below:  apt install mosquitto-clients'
	@printf '%s\n' 'The broker listens on 127.0.0.1:1883 and [::1]:1883; Ctrl-C stops it. Try:' \
		"  mosquitto_sub -t 'greeting/#' -v" \
		"  mosquitto_pub -t greeting/world -m 'hello'" \
		"  mosquitto_sub -t '\$$SYS/broker/uptime' -C 1"
	@cd run && exec '$(abspath $(BUILD))/daemon/hawkerd'

check: ## run all tests, with sanitizers too; ends with "N passed, M failed"
	@.ci/dependencies check
	@.ci/check

bench: ## measure this broker beside the distribution's mosquitto; BENCH_OPTIONS=--quick: roughly
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@tests/bench/run --load $(BUILD)/tests/bench/hawker-bench --floor $(BUILD)/tests/bench/hawker-floor \
		--certificates $(BUILD)/tests/certificates/make-certificates \
		--hawkerd $(BUILD)/daemon/hawkerd --peer "$$(PATH="$$PATH:/usr/sbin" command -v mosquitto)" \
		$(BENCH_OPTIONS)

attack: ## floods while good clients go on, 20 s each, and beside a program that only accepts
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@HAWKER_ATTACK_SECONDS=20 python3 tests/robust/run.py --broker $(BUILD)/daemon/hawkerd \
		--floor $(BUILD)/tests/robust/attack-floor attack

fuzz: ## fuzz each decoder for FUZZ_SECONDS (120)
	@.ci/dependencies check
	@test -e build-fuzz/build.ninja || CC=clang $(MESON) setup build-fuzz -Dfuzzing=true \
		-Dbench=false -Db_sanitize=address,undefined -Db_lundef=false \
		-Dc_args=-fsanitize=fuzzer-no-link
	@$(MESON) test -C build-fuzz --benchmark --suite fuzz --print-errorlogs \
		--test-args=-max_total_time=$(FUZZ_SECONDS)

soak: ## 15,000 connections with traffic for some minutes
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@tests/soak/run --soak $(BUILD)/tests/soak/hawker-soak --hawkerd $(BUILD)/daemon/hawkerd \
		$(SOAK_OPTIONS)
	@tests/soak/restart --steady $(BUILD)/tests/soak/hawker-steady --hawkerd $(BUILD)/daemon/hawkerd

torture: ## kill it and cut its power, 300 times each, under clients that keep records
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@for workers in 1 4; do for ends in kill,kill,start,stop,restart cut,moment; do \
		python3 tests/torture/run.py --broker $(BUILD)/daemon/hawkerd --workers $$workers \
			--shim $(BUILD)/tests/torture/torture-disk.so --count 150 --ends $$ends || exit 1; \
	done; done
	@python3 tests/torture/store.py --lanes $(BUILD)/tests/torture/store-lanes \
		--shim $(BUILD)/tests/torture/torture-disk.so --count 300

late-check: ## the conformance tests while threads and clients are held back at random (minutes)
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 tests/conformance/late_check.py $(BUILD) $(LATE_OPTIONS)

selinux-check: ## the service in a virtual machine where SELinux enforces (minutes)
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 tests/confinement/run.py $(BUILD) selinux

apparmor-check: ## the same with AppArmor
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 tests/confinement/run.py $(BUILD) apparmor

deb: ## build Debian packages of the last commit, in build/packages
	@.ci/dependencies package
	@tests/packages/build_deb.py --committed --output $(BUILD)/packages

packages-check: ## build the Debian packages twice, in different places: they are the same to the byte
	@.ci/dependencies package
	@tests/packages/test-reproducible.py

rpm: ## build packages of Fedora and RHEL from the tree as it is, in build/rpm
	@command -v rpmbuild >/dev/null || .ci/dependencies check
	@rpm/build $(BUILD)/rpm --without check

dist: ## make the tarball of a release, of what is committed, in build/
	@.ci/dist $(BUILD)

dist-check: ## build the tarball of the tree as it is, out of tree, and pass its unit tests
	@.ci/dependencies check
	@$(MAKE) --no-print-directory build
	@tests/packages/test-dist.py $(BUILD)/daemon/hawkerd $(BUILD)/admin/hawkerctl --whole

sbom: build ## list what the programs depend on, as SPDX 2.3: build/hawker.spdx.json
	@.ci/sbom $(BUILD) >$(BUILD)/hawker.spdx.json
	@echo $(BUILD)/hawker.spdx.json

install: build ## install (DESTDIR=... for a package)
	@$(MESON) install -C $(BUILD) --no-rebuild

format: ## bring the C sources into the project's format
	@find lib daemon admin tests -name node_modules -prune -o -name '*.[ch]' -print0 | \
		xargs -0 clang-format -i

clean: ## remove all builds and what `make run` left
	@rm -rf build build-* run
