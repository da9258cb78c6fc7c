# One command each; `make` alone lists them. `make PYTHON=python3.12 ...` picks an interpreter, `make UV= ...` goes without uv.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(origin UV),undefined)
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)
endif

BIN := $(VENV)/bin
# Named after what made it, so that another interpreter or installer means another set-up.
READY := $(VENV)/.ready-$(if $(UV),uv,pip)-$(notdir $(PYTHON))

# Peers of the real tests, by version. Go's checksum database and package-lock.json vouch for what arrives.
OPA := v1.22.0
CONFTEST := v0.71.1
ACT := v0.2.89
GATOR := v3.23.1
HELM := v3.22.0
KUBERNETES := v1.36.3
TOOLS := .cache/bin/.opa-$(OPA) .cache/bin/.conftest-$(CONFTEST) .cache/bin/.act-$(ACT) .cache/bin/.gator-$(GATOR) \
  .cache/bin/.helm-$(HELM) .cache/kube/.ready-$(KUBERNETES) \
  .cache/node/.ready .cache/ci/.ready .cache/oidc/.ready .cache/backstage/.ready

export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DELETE_ON_ERROR:
.PHONY: help setup demo test test-fast test-long test-real lint format docs lock bench wheel clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## install bylaw and its tools, as locked, into .venv

demo: $(READY) ## check the demo company's catalog
	@$(BIN)/bylaw check fixtures/catalogs/acme; code=$$?; \
	if [ $$code -ne 1 ]; then echo "make demo: bylaw check ended with exit code $$code, expected 1 (denied)" >&2; exit 1; fi; \
	echo "The demo catalog is meant to be denied: the findings above are what bylaw is for."

test: lint test-fast ## lint, then every test that needs no server

test-fast: $(READY) ## the tests alone
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not real" $(TESTS)

test-long: $(READY) ## the properties alone, with 20 times as many examples
	BYLAW_ROUNDS=20 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not real" tests/properties tests/affected tests/sources

test-real: $(READY) $(TOOLS) ## the tests against real peers: Backstage, Kubernetes, OPA, gator, PostgreSQL, Prometheus, CI runners
	PATH="$(CURDIR)/.cache/kube:$(CURDIR)/.cache/bin:$(CURDIR)/.cache/ci/node_modules/.bin:$$PATH" \
	BYLAW_NODE_MODULES="$(CURDIR)/.cache/node/node_modules" BYLAW_BACKSTAGE="$(CURDIR)/.cache/backstage/node_modules" \
	BYLAW_OIDC="$(CURDIR)/.cache/oidc/node_modules" \
	$(BIN)/python -m pytest -n 2 --dist loadfile -m real

lint: $(READY) ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## write the pages on the rules, and the README's table of them, anew
	$(BIN)/bylaw rules --pages docs/rules
	BYLAW_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/test_readme.py

# Without any UV_* variable or uv.toml of this machine, so that no mirror, date or local folder gets into the locks.
lock: ## resolve the dependencies anew (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv on PATH: pip install uv" >&2; exit 1; }
	env $$(env | sed -n 's/^\(UV_[A-Z_]*\)=.*/-u \1/p') sh -ec '\
	$(UV) lock --no-config --system-certs; \
	$(UV) export -q --no-config --frozen --no-emit-project --no-dev -o requirements.lock; \
	$(UV) export -q --no-config --frozen --no-emit-project --no-dev --extra server --extra postgres --extra opa --extra otel \
	  -o requirements-server.lock; \
	$(UV) export -q --no-config --frozen --no-emit-project -o requirements-dev.lock'

bench: $(READY) ## bylaw beside its peers, ratios printed
	for bench in benchmarks/bench_*.py benchmarks/rules.py benchmarks/gate.py; do $(BIN)/python $$bench || exit 1; done

wheel: $(READY) ## build dist/bylaw-*.whl
	rm -rf dist
	$(if $(UV),$(UV) build --wheel -o dist,$(BIN)/python -m pip wheel -q --no-deps -w dist .)

clean: ## remove all that these targets made
	rm -rf .venv* .cache dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml uv.lock requirements-dev.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on PATH; bylaw needs Python 3.11 or newer: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("$(PYTHON) is Python %d.%d; bylaw needs 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)" % sys.version_info[:2])'
	rm -f $(VENV)/.ready-*
ifneq ($(UV),)
	$(UV) sync --frozen --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
else
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install -q --no-deps -e .
endif
	@touch $@

.cache/bin/.opa-$(OPA):
	$(call go_install,github.com/open-policy-agent/opa@$(OPA))

.cache/bin/.conftest-$(CONFTEST):
	$(call go_install,github.com/open-policy-agent/conftest@$(CONFTEST))

.cache/bin/.act-$(ACT):
	$(call go_install,github.com/nektos/act@$(ACT))

.cache/bin/.gator-$(GATOR):
	$(call go_install,github.com/open-policy-agent/gatekeeper/v3/cmd/gator@$(GATOR))

.cache/bin/.helm-$(HELM):
	$(call go_install,helm.sh/helm/v3/cmd/helm@$(HELM))

.cache/kube/.ready-$(KUBERNETES): scripts/kube/build.sh scripts/kube/go_mod.py
	scripts/kube/build.sh .cache/kube $(KUBERNETES)
	@touch $@

.cache/node/.ready .cache/ci/.ready .cache/oidc/.ready: .cache/%/.ready: scripts/%/package.json scripts/%/package-lock.json
	@command -v npm >/dev/null || { echo "make test-real needs node and npm on PATH" >&2; exit 1; }
	mkdir -p $(@D) && cp $^ $(@D)
	npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund
	@touch $@

# Of all install scripts one runs. It compiles SQLite for this node, with the headers that came with it where they did.
.cache/backstage/.ready: scripts/backstage/package.json scripts/backstage/package-lock.json
	@command -v npm >/dev/null || { echo "make test-real needs node and npm on PATH" >&2; exit 1; }
	@command -v c++ >/dev/null || { echo "make test-real needs a C++ compiler on PATH, for Backstage's SQLite" >&2; exit 1; }
	mkdir -p $(@D) && cp $^ $(@D)
	npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund
	home=$$(node -p 'path.dirname(path.dirname(fs.realpathSync(process.execPath)))'); \
	if [ -f "$$home/include/node/node.h" ]; then export npm_config_nodedir="$$home"; fi; \
	npm_config_build_from_source=true npm rebuild --prefix $(@D) better-sqlite3
	@touch $@

define go_install
@command -v go >/dev/null || { echo "make test-real needs go on PATH, for $(1)" >&2; exit 1; }
mkdir -p .cache/bin && GOBIN="$(CURDIR)/.cache/bin" go install $(1)
@touch $@
endef
