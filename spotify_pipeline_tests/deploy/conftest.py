"""Stacks on the emulator that the tests of one process share."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from spotify_pipeline_tests.aws.conftest import (  # noqa: F401  # fixtures
    allow_only,
    aws,
    emulator,
    emulator_athena,
    emulator_glue,
    emulator_s3,
    no_credentials_from_outside,
)
from spotify_pipeline_tests.deploy.deployment import Deployment, stub_zips

_NUMBERS = count()
WEBHOOK_SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:spotify-webhook-AbCdEf"


@pytest.fixture(scope="session")
def new_deployment(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Deployment]:  # noqa: F811
    """`new_deployment(**parameters)`: a stack not deployed yet, with its own name and functions that do nothing."""
    zips = stub_zips(tmp_path_factory.mktemp("zips"))

    def make(zips: Path = zips, **parameters: str) -> Deployment:
        stack = f"stack-{next(_NUMBERS)}"
        return Deployment(emulator, tmp_path_factory.mktemp(stack), zips, stack, **parameters)

    return make


@pytest.fixture(scope="session")
def deployed(new_deployment: Callable[..., Deployment]) -> Deployment:
    """A stack with the template's defaults, for tests that do not change it. Functions can use its buckets."""
    deployment = new_deployment()
    deployment.deploy()
    deployment.adapt_to_the_emulator()
    return deployment


@pytest.fixture(scope="session")
def with_all(new_deployment: Callable[..., Deployment]) -> Deployment:
    """A stack with everything that parameters add, for tests that do not change it."""
    deployment = new_deployment(
        AlarmEmail="someone@example.com",
        Architecture="x86_64",
        CatalogMode="crawler",
        DigestEmail="everyone@example.com",
        Spark="yes",
        StartedBy="Dagster",
        WebhookSecret=WEBHOOK_SECRET,
    )
    deployment.deploy()
    return deployment
