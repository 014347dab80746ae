# Everything here works on a machine with Python 3.11 or newer and make, but for what says that it needs more; nothing is
# installed outside .venv, .venv-deploy, .venv-emulator, .venv-lambda and .trino.

PYTHON ?= python3
LAMBDA_PYTHON ?= python3.13
BIN := .venv/bin
# Another data folder than the one that dagster.yaml names; as the settings, from the environment or from .env.
DATA_DIR := $(or $(SPOTIFY_PIPELINE_DATA_DIR),$(shell sed -n 's/^SPOTIFY_PIPELINE_DATA_DIR=//p' .env 2>/dev/null))
OPEN_INSTANCE := "import sys, pathlib, spotify_pipeline.cli.daily_job as job; job.open_instance(pathlib.Path(sys.argv[1]))"
# The name of the CloudFormation stack.
STACK ?= spotify-pipeline
LAMBDA_ZIPS := $(foreach function,extract transform,$(patsubst %,.lambda/$(function)-%.zip,x86_64 arm64))
PACKAGE := $(sort $(shell find spotify_pipeline -type f -not -path '*/__pycache__/*' 2>/dev/null))
# Of the largest day that is measured.
ITEMS ?= 1000000
TRINO := io.trino:trino-server:476:tar.gz
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: always help install demo dev emulator lambda spark bench bench-history test test-trino lint lint-template golden docs \
	deploy destroy clean

help:               ## what there is to make
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(INSTALL) --editable '.[dev,lambda,server,spark]'
	@touch $@

.venv/installed-bench: .venv/installed-dev
	$(INSTALL) --editable '.[bench]'
	@touch $@

# Apart from .venv, because the emulator pins another botocore.
.venv-emulator/installed: requirements-emulator.txt
	$(PYTHON) -m venv .venv-emulator
	.venv-emulator/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Apart from .venv, because checkov pins old versions of what both need.
.venv-deploy/installed: requirements-deploy.txt
	$(PYTHON) -m venv .venv-deploy
	.venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# What functions find in AWS beside their zip: the Python, its boto3, and what calls the handler.
.venv-lambda/installed: requirements-lambda.txt
	@$(LAMBDA_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || \
		{ echo "This needs Python 3.13, as AWS has it: install it, or name it with LAMBDA_PYTHON=…" >&2; exit 1; }
	$(LAMBDA_PYTHON) -m venv --clear .venv-lambda
	.venv-lambda/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Written where it has changed, so that a module that was removed is noticed as well.
.lambda/package: always
	@mkdir -p $(@D)
	@echo $(PACKAGE) | cmp --silent - $@ || echo $(PACKAGE) > $@

.lambda/%.zip: .venv-lambda/installed deploy/bundle.py constraints.txt $(wildcard deploy/requirements-*.txt) $(PACKAGE) .lambda/package
	.venv-lambda/bin/python deploy/bundle.py $@

.lambda/spark/job.py: .venv-lambda/installed deploy/bundle.py deploy/bundle_spark.py deploy/requirements-spark.txt constraints.txt $(PACKAGE) .lambda/package
	.venv-lambda/bin/python -m deploy.bundle_spark $(@D)

install: .venv/installed ## the virtual environment with spotify-pipeline in it

demo: .venv/installed ## thirty days of an invented Spotify, without any account
	$(BIN)/spotify-pipeline demo

dev: .venv/installed ## Dagster's UI on http://127.0.0.1:3000
ifdef DATA_DIR
	@$(BIN)/python -c $(OPEN_INSTANCE) $(DATA_DIR)
endif
	$(if $(DATA_DIR),DAGSTER_HOME=$(abspath $(DATA_DIR))/dagster) $(BIN)/dagster dev

emulator: .venv-emulator/installed ## the AWS emulator that tests use, in .venv-emulator

lambda: .venv-lambda/installed ## the zips of the Lambda functions, in .lambda; needs Python 3.13
	@$(MAKE) --silent --jobs 4 $(LAMBDA_ZIPS)
	@.venv-lambda/bin/python deploy/measure.py $(LAMBDA_ZIPS)

spark: .lambda/spark/job.py ## what the Glue job is made of, in .lambda/spark; needs Python 3.13

bench: .venv/installed-bench ## how fast it is, beside others: a table, benchmarks/results.json, the page; ITEMS=100000 for less
	$(BIN)/python -m benchmarks --items $(ITEMS)
	$(BIN)/python -m docs.generate

bench-history: .venv/installed ## whether a long history stays cheap: a thousand playlists over a year
	$(BIN)/python -m benchmarks.history

test: .venv/installed-dev .venv-emulator/installed ## the tests, with the coverage of the package; installs the emulator too
	$(BIN)/python -m pytest --numprocesses auto --cov --cov-report term-missing:skip-covered

.trino/unpacked:
	mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
		-Dartifact=$(TRINO) -DoutputDirectory=.trino
	tar --extract --file .trino/*.tar.gz --directory .trino --strip-components 1
	find .trino/plugin -mindepth 1 -maxdepth 1 ! -name hive -exec rm -r {} +
	rm .trino/*.tar.gz
	@touch $@

test-trino: .venv/installed-dev .trino/unpacked ## the tables and queries in a real Trino; needs Maven and Java 24 or newer
	$(BIN)/python -m pytest -m trino spotify_pipeline_tests/engines/test_trino.py

lint: .venv/installed-dev ## style, types, the layers and the Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint deploy/dagster/Dockerfile

# `--skip-download`, because checkov otherwise asks its maker's server for texts about each check.
lint-template: .venv-deploy/installed ## the template of AWS: what CloudFormation would refuse, and security
	.venv-deploy/bin/cfn-lint deploy/template.yaml
	.venv-deploy/bin/checkov --file deploy/template.yaml --framework cloudformation --compact --quiet --skip-download

golden: .venv/installed-dev ## what the named queries answer about the demo; the pages take their examples from it
	$(BIN)/python -m spotify_pipeline_tests.query.golden

docs: .venv/installed-dev ## what in the documentation is generated
	$(BIN)/python -m docs.generate

deploy: .venv/installed lambda $(if $(shell grep -s '^Spark=yes' deploy/parameters.env),spark) lint-template ## the pipeline in AWS, with the parameters in deploy/parameters.env
	$(BIN)/python -m deploy deploy --stack $(STACK)

destroy: .venv/installed ## takes the pipeline in AWS away again, but not the data
	$(BIN)/python -m deploy destroy --stack $(STACK)

clean:              ## the virtual environments, zips and caches, not the data
	rm -rf .benchmarks .venv .venv-deploy .venv-emulator .venv-lambda .lambda .trino .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
