# Two commands do everything: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PY := .venv/bin/python
export PYTHONDONTWRITEBYTECODE :=
PACKAGES := libs/malang/src libs/chassis/src libs/address/src libs/workdays/src services/gateway/src services/singo/src services/twuin/src

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it
run: .venv/.run ## Start the whole platform at one URL, with demo data (Ctrl-C stops it)
	@exec $(PY) -m deploy.local.run

demo: .venv/.run ## Drive the errands against the running platform, over HTTP only
	@exec $(PY) -m deploy.local.demo

status: .venv/.run ## Show the processes and their memory
	@exec $(PY) -m deploy.local.run --status

signins: .venv/.run ## Show the demo sign-ins with the present one-time codes
	@exec $(PY) -m deploy.local.run --signins

backup: .venv/.run ## Back up the running platform (BACKUP=folder, KEYS=file to keep the keys apart)
	@exec $(PY) -m deploy.local.backup $(BACKUP) $(if $(KEYS),--keys $(KEYS))

restore: .venv/.run ## Put a backup into an empty home: after `make reset`, BACKUP=folder
	@exec $(PY) -m deploy.local.restore $(BACKUP) $(if $(KEYS),--keys $(KEYS))

reset: ## Forget the data, the demo sign-ins and the secrets of this machine's platform
	@if [ -x $(PY) ]; then exec $(PY) -m deploy.local.run --reset; else rm -rf .local; fi

##@ Run it in containers
images: .venv/.dev ## Build an image for each service; print sizes and start times (PYTHON_IMAGE, IMAGE_PREFIX, IMAGE_TAG)
	@exec $(PY) -m deploy.images

compose-up: .venv/.dev ## Bring the platform up on PostgreSQL, Kafka and Redis by deploy/compose (POSTGRES_IMAGE, KAFKA_IMAGE, REDIS_IMAGE)
	@exec $(PY) -m deploy.compose up

compose-demo: .venv/.dev ## Drive the errands against it
	@exec $(PY) -m deploy.compose demo

compose-down: .venv/.dev ## Take it and its data away
	@exec $(PY) -m deploy.compose down

release: .venv/.dev ## Write dist/<version>/: API and facts, manifests, bills of materials, checksums; after `make images`
	@exec $(PY) -m deploy.release

##@ Run it on a cluster
cluster-up: .venv/.run ## Bring the platform up on the Kubernetes that KUBECONFIG names (IMAGE_PREFIX, IMAGE_TAG, KUBE_LOAD)
	@exec $(PY) -m deploy.cluster up

cluster-demo: .venv/.run ## Drive the errands against it, through its NodePort (CLUSTER_URL)
	@exec $(PY) -m deploy.cluster demo

cluster-test: .venv/.dev ## Hold it to its promises: policies, restarts, releases, engines that go (CLUSTER_FULL=1 for all of it)
	@exec $(PY) -m pytest tests/cluster -q -s $(ARGS)

cluster-down: .venv/.run ## Take it and its data off the cluster
	@exec $(PY) -m deploy.cluster down

##@ Work on it
test: .venv/.dev ## Run all tests that can run here (containers where an engine answers; WORKERS=2 side by side)
	@exec $(PY) -m pytest -n $(or $(WORKERS),2) --dist loadscope --no-loadscope-reorder $(ARGS)

check: .venv/.dev lint types contracts proto-check ## Everything CI asks: lint, types, contracts, proto drift and compatibility, then the tests
	@$(MAKE) --no-print-directory test

lint: .venv/.dev ## Check style and format
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: .venv/.dev ## Mend style and format
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

types: .venv/.dev ## Check types (mypy --strict)
	@$(PY) -m mypy libs/chassis/src libs/address/src libs/workdays/src services/gateway/src services/singo/src services/twuin/src deploy/local deploy/cluster deploy/compose deploy/images deploy/observability deploy/release

contracts: .venv/.dev ## Check who may import whom
	@PYTHONPATH=$(subst $(eval) ,:,$(PACKAGES)) .venv/bin/lint-imports --no-cache

proto: .venv/.dev ## Generate libs/malang from proto/
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(PY) libs/malang/generate

proto-check: .venv/.dev ## Fail when libs/malang is not what proto/ says, or a change breaks the last release
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(PY) tests/architecture/proto_gate.py

fuzz: .venv/.dev ## Attack a platform of its own with 20,000 generated requests and calls
	@FUZZ_CASES=$(or $(CASES),20000) $(PY) -m pytest -q -s tests/fuzz $(ARGS)

drill: .venv/.dev ## Let errands go on while parts fail, on both buses, and print what was lost or doubled (ROUNDS=100)
	@$(PY) tests/faults/drill.py --rounds $(or $(ROUNDS),100) $(ARGS)

bench: .venv/.dev ## Run the benchmarks and print their tables
	@$(PY) benchmarks/run.py $(ARGS)

##@ Keep it
lock: .venv/.dev ## Pin requirements/*.in with hashes
	@for name in run dev; do .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q $(ARGS) requirements/$$name.in -o requirements/$$name.txt; done
	@for name in gateway singo twuin; do case $$name in gateway) libs="chassis malang" extras=;; *) libs="address chassis malang workdays" extras=--all-extras;; esac; .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -c requirements/run.txt --excludes requirements/own.in $$extras services/$$name/pyproject.toml $$(printf 'libs/%s/pyproject.toml ' $$libs) -o requirements/$$name.txt; done

licences: .venv/.dev ## Write docs/licences.md from the locks
	@$(PY) docs/licences.py

rules: .venv/.dev ## Write alerts and dashboards from deploy/observability
	@$(PY) -m deploy.observability.rules && $(PY) -m deploy.observability.dashboards

settings: .venv/.run ## Write docs/settings.md from the code
	@PYTHONPATH=$(subst $(eval) ,:,$(PACKAGES)) $(PY) docs/settings.py

openapi: .venv/.run ## Print the OpenAPI document of the gateway
	@exec $(PY) -m gateway openapi

# One virtual environment; run.txt is enough for the platform, dev.txt adds the tools.
.venv/.run: requirements/run.txt deploy/local/bootstrap
	@deploy/local/bootstrap run
.venv/.dev: requirements/dev.txt deploy/local/bootstrap
	@deploy/local/bootstrap dev

.PHONY: licences rules images compose-up compose-demo compose-down release cluster-up cluster-demo cluster-test cluster-down help run demo status signins backup restore reset test check lint format types contracts proto proto-check fuzz drill bench lock settings openapi
