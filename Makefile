# Two commands are enough: `make run` and `make test`. Everything else is for people who work on Pannier.
# What these targets call is Meson and Ninja; see CONTRIBUTING.md for using them directly.

JOBS ?= $(shell nproc)
# Many tests mostly wait.
TEST_JOBS ?= $(shell expr $(JOBS) + $(JOBS))
BUILD = build
BUILD_TEST = build-test
BUILD_FUZZ = build-fuzz
BUILD_BENCH = build-bench
FUZZ_SECONDS ?= 60

.PHONY: all run test test-long check check-layers check-headers check-style cppcheck tidy bench fuzz opencart format clean help

# A fresh clone gets its packages first; where all is there, nothing is installed and no root is needed.
# A compiler newer than ours may warn about more; that is for us to mend, not for a user's build to fail.
all: packages-run
	@test -f $(BUILD)/build.ninja || \
		meson setup $(BUILD) --buildtype=debugoptimized -Dwerror=false -Dtests=false
	@ninja -C $(BUILD) -j $(JOBS)

help:
	@echo "make             build/pannier and build/klaviyo-sandbox"
	@echo "make run         the same, then the demo: sandbox, daemon and the recorded messages of two shops"
	@echo "make test        everything that must hold before a commit (debug, ASan, UBSan)"
	@echo "make test T=NAME one test alone"
	@echo "make test-long   the slow tests as well"
	@echo "make check       the checkers alone: layers, headers, style"
	@echo "make cppcheck    static analysis;  make tidy  the same with clang-tidy"
	@echo "make bench       the benchmarks (release build)"
	@echo "make fuzz        each fuzzer for FUZZ_SECONDS=$(FUZZ_SECONDS) (clang)"
	@echo "make opencart    the extension for OpenCart: build/opencart4 (4.x) and build/opencart3 (3.0), pannier.ocmod.zip"
	@echo "make format      clang-format over the files changed since the last commit"
	@echo "make clean       remove the build folders"

.PHONY: packages-run packages-test packages-bench
packages-run packages-test packages-bench: packages-%:
	@tools/install-packages $*

run: all
	@$(BUILD)/pannier demo

$(BUILD_TEST)/build.ninja: | packages-test
	@meson setup $(BUILD_TEST) --buildtype=debug -Dsanitize=true -Dtest_hooks=true

# T=NAME runs one test alone.
test: packages-test $(BUILD_TEST)/build.ninja
	@ninja -C $(BUILD_TEST) -j $(JOBS)
ifdef T
	@meson test -C $(BUILD_TEST) --no-rebuild --print-errorlogs $(T)
else
	@meson test -C $(BUILD_TEST) --no-rebuild --print-errorlogs --num-processes $(TEST_JOBS) --timeout-multiplier 3 --no-suite long
	@$(MAKE) --no-print-directory check
endif

test-long: packages-test $(BUILD_TEST)/build.ninja
	@ninja -C $(BUILD_TEST) -j $(JOBS)
	@meson test -C $(BUILD_TEST) --no-rebuild --print-errorlogs --num-processes $(TEST_JOBS) --timeout-multiplier 10

check: check-layers check-headers check-style

check-layers:
	@tools/check-layers

check-headers:
	@tools/check-headers

check-style:
	@tools/check-style

cppcheck:
	@tools/run-cppcheck

tidy: $(BUILD_TEST)/build.ninja
	@clang-tidy --quiet -p $(BUILD_TEST) $$(git ls-files 'src/*.c' 'sandbox/*.c')

bench: packages-bench
	@test -f $(BUILD_BENCH)/build.ninja || \
		meson setup $(BUILD_BENCH) --buildtype=debugoptimized -Dwerror=false -Dtests=false -Dbench=true
	@ninja -C $(BUILD_BENCH) -j $(JOBS)
	@bench/run $(BUILD_BENCH)

fuzz: packages-test
	@test -f $(BUILD_FUZZ)/build.ninja || \
		CC=clang meson setup $(BUILD_FUZZ) --buildtype=debug -Dsanitize=true -Dfuzz=true
	@ninja -C $(BUILD_FUZZ) -j $(JOBS)
	@tools/run-fuzzers $(BUILD_FUZZ) $(FUZZ_SECONDS)

opencart:
	@integrations/opencart/build $(BUILD)
	@ls -l $(BUILD)/opencart[34]/pannier.ocmod.zip

format:
	@git diff --name-only --diff-filter=d HEAD -- '*.c' '*.h' | xargs -r clang-format -i

clean:
	rm -rf $(BUILD) $(BUILD_TEST) $(BUILD_FUZZ) $(BUILD_BENCH) build-clang build-ci-release
