"""The doctor in AWS: buckets, catalog and SQL are looked at before the first day is published, and after."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.doctor import Finding, Group, State, examine
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.functions import create_function
from spotify_pipeline_tests.storage.staging import publish_staged, stage
from spotify_pipeline_tests.tables.builders import sound_day

DAY = date(2026, 10, 5)
Examine = Callable[..., dict[str, Finding]]


@pytest.fixture(scope="module")
def spotify() -> Iterator[str]:
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        yield server.url


@pytest.fixture
def backends_of(aws: Aws, spotify: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Backends]:
    usual = {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
        "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
        "SPOTIFY_PIPELINE_GLUE_DATABASE": aws.database,
        "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
        "SPOTIFY_PIPELINE_API_URL": f"{spotify}/v1/",
        "SPOTIFY_PIPELINE_ACCOUNTS_URL": spotify,
        "SPOTIFY_PIPELINE_TODAY": DAY.isoformat(),
        "SPOTIPY_CLIENT_ID": "app",
        "SPOTIPY_CLIENT_SECRET": "secret",
        "SPOTIFY_REFRESH_TOKEN": "token",
    }
    return lambda **variables: choose_backends(load_settings(**(usual | variables)))


@pytest.fixture
def examined(backends_of: Callable[..., Backends]) -> Examine:
    """The findings about storage and catalog, by subject."""
    about_aws = (Group.STORAGE, Group.FUNCTIONS, Group.CATALOG)
    return lambda **variables: {
        finding.subject: finding for finding in examine(backends_of(**variables)).findings if finding.group in about_aws
    }


def test_before_the_first_day_all_of_it_is_asked(examined: Examine, aws: Aws) -> None:
    found = examined()
    assert found["raw documents"].detail == f"can be written and read in s3://{aws.raw_bucket}/"
    assert found["catalog"].detail == "nothing is published yet"
    assert found["SQL"].detail == "answers: coverage has 0 rows"
    assert {finding.state for finding in found.values()} == {State.OK}


@pytest.mark.parametrize(
    ("variables", "subject", "sentence"),
    [
        ({"SPOTIFY_PIPELINE_RAW_BUCKET": "nobody-made-it"}, "raw documents", "no such thing as the bucket nobody-made"),
        ({"SPOTIFY_PIPELINE_ATHENA_WORKGROUP": "nobody-made-it"}, "SQL", "The Athena workgroup nobody-made-it "),
    ],
)
def test_what_is_missing_is_named_before_the_first_day_needs_it(
    variables: dict[str, str], subject: str, sentence: str, examined: Examine
) -> None:
    found = examined(**variables)
    assert found[subject].state is State.PROBLEM
    assert sentence in found[subject].detail


def test_functions_that_should_do_the_work_must_be_there_and_have_the_same_buckets(examined: Examine, aws: Aws) -> None:
    names = {
        "SPOTIFY_PIPELINE_COMPUTE": "lambda",
        "SPOTIFY_PIPELINE_EXTRACT_FUNCTION": f"{aws.database}-extract",
        "SPOTIFY_PIPELINE_TRANSFORM_FUNCTION": f"{aws.database}-transform",
    }
    for function, bucket in ((f"{aws.database}-extract", aws.raw_bucket), (f"{aws.database}-transform", "another")):
        create_function(function, SPOTIFY_PIPELINE_RAW_BUCKET=bucket, SPOTIFY_PIPELINE_TABLES_BUCKET=aws.tables_bucket)
    found = examined(**names)
    assert found["extraction"].detail == f"{aws.database}-extract is there, with 512 MB and 900 s"
    assert found["transformation"].fails_day
    assert found["transformation"].detail == (
        f"The function {aws.database}-transform has another for SPOTIFY_PIPELINE_RAW_BUCKET, and here it is "
        f"{aws.raw_bucket}: set both to the same."
    )
    missing = examined(**names | {"SPOTIFY_PIPELINE_EXTRACT_FUNCTION": "nobody-made-it"})["extraction"]
    assert missing.fails_day
    assert missing.detail.startswith("There is no such thing as the function nobody-made-it: create it, or correct ")
    assert "extraction" not in examined()


def test_published_days_are_counted_and_asked_for(backends_of: Callable[..., Backends], examined: Examine) -> None:
    backends = backends_of()
    frames = sound_day("A song")
    stage(backends.tables, DAY, frames)
    publish_staged(backends.tables, DAY)
    hidden = examined()
    assert hidden["catalog"].detail.startswith("1 of 1 days are missing from Glue database ")
    assert hidden["SQL"].state is State.NOT_ASKED
    backends.catalog.publish()
    found = examined()
    assert found["catalog"].facts == {"days": 1, "newest": str(DAY)}
    assert found["SQL"].facts == {"coverage_rows": frames["coverage"].height}
