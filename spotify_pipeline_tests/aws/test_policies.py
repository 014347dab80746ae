"""The policies in the documentation allow what each role does, and nothing that it could do without."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from msgspec.structs import replace

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.glue_definitions import as_input
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.doctor.functions import examine_functions
from spotify_pipeline.doctor.spark import examine_spark
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.orchestration.glue_job import GlueJob
from spotify_pipeline.orchestration.lambda_function import LambdaFunction
from spotify_pipeline.orchestration.s3_messages import S3Messages
from spotify_pipeline.query.saved import save_queries
from spotify_pipeline.settings import Settings, load_settings
from spotify_pipeline.spotify.patience import Clock, Patience
from spotify_pipeline.spotify.token_store import record_key
from spotify_pipeline.steps.details import enrich_day
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.notices import WATCHES, consent_notice
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.retention import plan_removal, remove_days
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.steps.verification import VERIFICATIONS
from spotify_pipeline.storage.objects import FolderStore, open_store, probe
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import COVERAGE
from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.emulator import impatience
from spotify_pipeline_tests.aws.functions import create_function
from spotify_pipeline_tests.aws.policies import Part, Policy

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

DAY = date(2026, 10, 2)

_FOR_ATHENA = "Athena does this as its caller, which the emulator does not ask for"
_NOT_TOLD = "whoever is interrupted is not told that the query could not be stopped"
NOT_MISSED = {
    **{
        (name, part): _FOR_ATHENA
        for name in ("publish", "query")
        for part in ("NameCatalog", "LookForDefaultDatabase", "FindResults", "KeepResults")
    },
    **{("publish", part): _FOR_ATHENA for part in ("glue:GetPartition", "glue:BatchGetPartition")},
    **{("query", part): _FOR_ATHENA for part in ("ListTables", "ReadTables", "ReadCatalog")},
    **{(name, "athena:StopQueryExecution"): _NOT_TOLD for name in ("publish", "query")},
    ("crawl", "glue:ListCrawls"): "a crawl does not fail because it is not told what it costs",
    (
        "drive",
        "arn:aws:s3:::my-spotify-raw/_pipes/*",
    ): "no day fails because log lines cannot be read; see the test below",
    ("run-spark", "ReadMessagesOfJob"): "as with the functions",
    ("crawl", "HandRoleToCrawler"): "the emulator does not ask who hands on a role",
}
"""Statements and actions without which the emulator does all the same, and why: by policy and Sid, or action."""


class _EnoughError(Exception):
    """Ends a job early."""


@dataclass
class Stage:
    """What jobs work on: an AWS of the test's own, and clients that may do everything."""

    place: Aws
    settings: Settings
    s3: "S3Client"
    glue: "GlueClient"
    athena: "AthenaClient"


@pytest.fixture(scope="module")
def spotify() -> Iterator[str]:
    """The address of an invented Spotify."""
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        yield server.url


def settings_of(spotify: str, **variables: str) -> Settings:
    usual = {
        "SPOTIFY_PIPELINE_API_URL": f"{spotify}/v1/",
        "SPOTIFY_PIPELINE_ACCOUNTS_URL": f"{spotify}/",
        "SPOTIFY_PIPELINE_TODAY": DAY.isoformat(),
    }
    return load_settings(**usual, **variables)


@pytest.fixture(scope="module")
def raw_folder(spotify: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw day with details, in a folder, and beside it its tables, staged."""
    folder = tmp_path_factory.mktemp("raw")
    app = {"SPOTIPY_CLIENT_ID": "app", "SPOTIPY_CLIENT_SECRET": "secret", "SPOTIFY_REFRESH_TOKEN": "token"}
    backends = choose_backends(settings_of(spotify, SPOTIFY_PIPELINE_DATA_DIR=str(folder), **app))
    backends.raw.commit(extract_day(backends, DAY))
    enrich_day(backends, DAY)
    transform_day(backends, backends.raw.open_day(DAY))
    return folder / "raw"


@pytest.fixture
def stage(
    aws: Aws, spotify: str, tmp_path: Path, emulator_s3: "S3Client", emulator_glue: "GlueClient", emulator_athena: Any
) -> Stage:
    own_name = aws.database
    variables = {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path),
        "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
        "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
        "SPOTIFY_PIPELINE_GLUE_DATABASE": own_name,
        "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
        "SPOTIFY_PIPELINE_CRAWLER_ROLE": f"arn:aws:iam::{policies.ACCOUNT}:role/{own_name}",
        "SPOTIFY_PIPELINE_SECRET_ID": own_name,
        "SPOTIFY_PIPELINE_EXTRACT_FUNCTION": f"{own_name}-extract",
        "SPOTIFY_PIPELINE_TRANSFORM_FUNCTION": f"{own_name}-transform",
        "SPOTIFY_PIPELINE_SPARK_JOB": own_name,
    }
    return Stage(aws, settings_of(spotify, **variables), emulator_s3, emulator_glue, emulator_athena)


def prepare_extract(stage: Stage, raw_folder: Path) -> None:
    app = {"SPOTIPY_CLIENT_ID": "app", "SPOTIPY_CLIENT_SECRET": "secret", "SPOTIFY_REFRESH_TOKEN": "token"}
    boto3.client("secretsmanager").create_secret(Name=stage.place.database, SecretString=json.dumps(app))


def extract(stage: Stage) -> None:
    backends = choose_backends(stage.settings)
    probe(backends.object_stores["raw documents"])
    backends.raw.commit(extract_day(backends, DAY))
    consent_notice(backends)
    key = record_key(str(stage.settings.accounts_url), "app", None)
    login = backends.tokens.read(key)
    assert login is not None
    backends.tokens.save(key, replace(login, refresh_token="replaced"))  # as where Spotify has replaced it


def prepare_publish(stage: Stage, raw_folder: Path) -> None:
    """A raw day whose commit was interrupted, with a damaged document in it."""
    folder, bucket = FolderStore(raw_folder), open_store(f"s3://{stage.place.raw_bucket}")
    documents = [key for key in folder.list("playlists/") if key.endswith(".json.gz")]
    for key in folder.list(""):
        staged = key.endswith("_manifest.json") or key == documents[0]
        bucket.put(f"_staged/{key}" if staged else key, b"damaged" if key == documents[1] else folder.get(key))


def publish(stage: Stage) -> None:
    backends = choose_backends(stage.settings, new_patience=impatience)
    probe(backends.object_stores["tables"])
    transform_day(backends, backends.raw.open_day(DAY))
    publish_day(backends, DAY)
    spoil_the_catalog(stage)
    backends.catalog.publish()
    for verification in VERIFICATIONS:
        assert list(verification.find_problems(backends, DAY)) == []
    with unknown_to_the_emulator("BatchDeletePartition"):
        glue = GlueDatabase(boto3.client("glue"), stage.place.database, backends.tables)
        glue.remove(COVERAGE, [DAY - timedelta(days=1)])


def spoil_the_catalog(stage: Stage) -> None:
    """Let a table and a partition be other than declared."""
    glue, database, name = stage.glue, stage.place.database, COVERAGE.name
    table = as_input(glue.get_table(DatabaseName=database, Name=name)["Table"])
    glue.update_table(DatabaseName=database, TableInput={**table, "Description": "another"})
    (partition,) = glue.get_partitions(DatabaseName=database, TableName=name)["Partitions"]
    wanted: Any = {
        "Values": partition["Values"],
        "StorageDescriptor": {**partition["StorageDescriptor"], "Columns": []},
    }
    entry: Any = {"PartitionValueList": partition["Values"], "PartitionInput": wanted}
    glue.batch_update_partition(DatabaseName=database, TableName=name, Entries=[entry])


def prepare_query(stage: Stage, raw_folder: Path) -> None:
    GlueDatabase(stage.glue, stage.place.database, choose_backends(stage.settings).tables).ensure()


def query(stage: Stage) -> None:
    engine = choose_backends(stage.settings, new_patience=impatience).engine
    assert engine.ask(f"SELECT count(*) AS row_count FROM {COVERAGE.name}").rows == [(0,)]
    names = stage.place.workgroup, stage.place.database
    client = boto3.client("athena")
    save_queries(client, *names)
    saved = stage.athena.list_named_queries(WorkGroup=stage.place.workgroup)["NamedQueryIds"]
    older = stage.athena.get_named_query(NamedQueryId=saved[0])["NamedQuery"]
    stage.athena.delete_named_query(NamedQueryId=saved[0])
    stage.athena.create_named_query(
        Name=older["Name"], Database=older["Database"], QueryString="SELECT 1", WorkGroup=stage.place.workgroup
    )
    with unknown_to_the_emulator("UpdateNamedQuery"):
        save_queries(client, *names)


def prepare_look_back(stage: Stage, raw_folder: Path) -> None:
    folder, bucket = FolderStore(raw_folder), open_store(f"s3://{stage.place.raw_bucket}")
    for key in folder.list("playlists/"):
        bucket.put(key, folder.get(key))


def look_back(stage: Stage) -> None:
    day = choose_backends(stage.settings).raw.find_day(DAY)
    assert day is not None
    playlist_id = next(row.playlist_id for row in day.manifest.playlists if row.status.has_rows)
    assert day.document(playlist_id)


def prepare_crawl(stage: Stage, raw_folder: Path) -> None:
    trust = json.dumps(policies.read("crawler-role-trust"))
    boto3.client("iam").create_role(RoleName=stage.place.database, AssumeRolePolicyDocument=trust)


def crawl(stage: Stage) -> None:
    def wait(seconds: float, interrupted: Event) -> None:
        raise _EnoughError

    settings = stage.settings.model_copy(update={"catalog_mode": "crawler"})
    with pytest.raises(_EnoughError):
        choose_backends(settings, new_patience=lambda tell: Patience(Clock(wait=wait), tell)).catalog.publish()
    name = f"spotify_pipeline_{stage.place.database}"
    stage.glue.stop_crawler(Name=name)
    stage.glue.update_crawler(Name=name, Targets={"CatalogTargets": []})
    choose_backends(settings, new_patience=impatience).catalog.publish()


@contextmanager
def unknown_to_the_emulator(operation: str) -> Iterator[None]:
    """The emulator first looks whether the operation is allowed, and then does not know it."""
    with pytest.raises(PipelineError) as failure:
        yield
    if not re.search(rf"AWS refuses {operation} .*: InvalidAction", str(failure.value)):
        raise failure.value


def prepare_drive(stage: Stage, raw_folder: Path) -> None:
    """A raw day whose commit was interrupted, staged tables, and functions that have nothing left to do."""
    prepare_extract(stage, raw_folder)
    raw, bucket = FolderStore(raw_folder), open_store(f"s3://{stage.place.raw_bucket}")
    document = next(key for key in raw.list("playlists/") if key.endswith(".json.gz"))
    for key in raw.list(""):
        bucket.put(
            f"_staged/{key}" if key in (document, f"playlists/snapshot_date={DAY}/_manifest.json") else key,
            raw.get(key),
        )
    tables, bucket = FolderStore(raw_folder.parent / "tables"), open_store(f"s3://{stage.place.tables_bucket}")
    for key in tables.list(""):
        bucket.put(key, tables.get(key))
    for name in (stage.settings.extract_function, stage.settings.transform_function):
        create_function(
            name,
            SPOTIFY_PIPELINE_RAW_BUCKET=stage.place.raw_bucket,
            SPOTIFY_PIPELINE_TABLES_BUCKET=stage.place.tables_bucket,
        )


def drive(stage: Stage) -> None:
    settings = stage.settings.model_copy(update={"compute": "lambda"})
    backends = choose_backends(settings)
    if problems := [each.detail for each in examine_functions(settings) if each.fails_day]:
        raise PipelineError(problems[0])
    context: Any = SimpleNamespace(log=SimpleNamespace(info=lambda _: None))
    for name in (settings.extract_function, settings.transform_function):
        LambdaFunction(name, stage.place.raw_bucket, context, backends.clock).invoke(FunctionName=name, Payload=b"{}")
    probe(backends.object_stores["raw documents"])
    backends.quota(DAY).spend()  # as the doctor, who asks Spotify
    for watch in WATCHES:
        watch.look(backends, DAY)
    publish_day(backends, DAY)


def prepare_run_spark(stage: Stage, raw_folder: Path) -> None:
    buckets = {"--raw-bucket": stage.place.raw_bucket, "--tables-bucket": stage.place.tables_bucket}
    command: Any = {"Name": "glueetl"}
    stage.glue.create_job(Name=stage.settings.spark_job, Role="any", Command=command, DefaultArguments=buckets)


def run_spark(stage: Stage) -> None:
    settings = stage.settings.model_copy(update={"compute": "spark"})
    if problems := [each.detail for each in examine_spark(settings) if each.fails_day]:
        raise PipelineError(problems[0])
    job = GlueJob(settings.spark_job, stage.place.raw_bucket, SimpleNamespace(), choose_backends(settings).clock)  # type: ignore[arg-type]  # it tells nothing
    run = job.start_job_run(JobName=job.name, Arguments={"--day": str(DAY)})["JobRunId"]
    assert job.get_job_run(JobName=job.name, RunId=run)["JobRun"]["JobRunState"]
    job.batch_stop_job_run(JobName=job.name, JobRunIds=[run])


def prepare_remove(stage: Stage, raw_folder: Path) -> None:
    """A day with details, whose tables are published."""
    raw, bucket = FolderStore(raw_folder), open_store(f"s3://{stage.place.raw_bucket}")
    for key in raw.list(""):
        bucket.put(key, raw.get(key))
    folder, bucket = FolderStore(raw_folder.parent / "tables"), open_store(f"s3://{stage.place.tables_bucket}")
    for key in folder.list(""):
        bucket.put(key, folder.get(key))
    tables = TableStore(bucket)
    staged = tables.staged(DAY)
    assert staged
    tables.publish(DAY, staged)


def remove(stage: Stage) -> None:
    backends = choose_backends(stage.settings.model_copy(update={"fixed_today": DAY + timedelta(days=9)}))
    removal = plan_removal(backends, keep_days=7)
    assert removal.days == [DAY]
    remove_days(backends, removal)
    assert plan_removal(backends, keep_days=7).is_empty


IN_ADDITION_TO = {"crawl": ("publish",), "remove": ("extract", "publish")}
"""Policies beside which others are given."""

JOBS: dict[str, tuple[Callable[[Stage, Path], None], Callable[[Stage], None]]] = {
    "extract": (prepare_extract, extract),
    "publish": (prepare_publish, publish),
    "query": (prepare_query, query),
    "look-back": (prepare_look_back, look_back),
    "crawl": (prepare_crawl, crawl),
    "drive": (prepare_drive, drive),
    "remove": (prepare_remove, remove),
    "run-spark": (prepare_run_spark, run_spark),
}
SHARED = {statement["Sid"] for name in ("extract", "publish") for statement in policies.read(name)["Statement"]}
PARTS = [
    (name, part)
    for name in JOBS
    for part in policies.parts(policies.read(name))
    if name != "drive" or part.sid not in SHARED  # whoever drives does what is tested for the others, and more
]


def is_missed(name: str, part: Part) -> bool:
    return not {(name, part.sid), (name, part.value)} & NOT_MISSED.keys()


def do(name: str, policy: Policy, stage: Stage, raw_folder: Path, allow_only: Callable[..., None]) -> None:
    """Do a job with a policy, and with those that it is in addition to."""
    prepare, job = JOBS[name]
    prepare(stage, raw_folder)
    others = [policies.read(other) for other in IN_ADDITION_TO.get(name, ())]
    allow_only(policies.filled(policies.together(policy, *others), stage.place))
    job(stage)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_done_with_its_policy(
    name: str, stage: Stage, raw_folder: Path, allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    do(name, policies.read(name), stage, raw_folder, allow_only)


@pytest.mark.parametrize(("name", "part"), [pair for pair in PARTS if is_missed(*pair)], ids=str)
def test_a_job_is_refused_in_a_sentence_without_any_part_of_its_policy(
    name: str, part: Part, stage: Stage, raw_folder: Path, allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    less = policies.without(policies.read(name), part)
    with pytest.raises(PipelineError) as failure:
        do(name, less, stage, raw_folder, allow_only)
    assert re.fullmatch(
        r"AWS denies \w+ on the [\w ]+ [\w.-]+ \([^()]*\): give the role that permission; "
        r"docs/aws.md has the policies\.",
        str(failure.value),
    )
    (missed,) = {part.value} if part.key == "Action" else policies.actions(policies.read(name), part.sid)
    assert f"not authorized to perform: {missed} " in str(failure.value)


@pytest.mark.parametrize(("name", "part"), [pair for pair in PARTS if not is_missed(*pair)], ids=str)
def test_assumption_what_the_emulator_does_not_ask_for_is_listed(
    name: str, part: Part, stage: Stage, raw_folder: Path, allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    do(name, policies.without(policies.read(name), part), stage, raw_folder, allow_only)


def test_log_lines_of_the_functions_are_read_with_the_policy_of_whoever_drives(
    stage: Stage, allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    line = {"__dagster_pipes_version": "0.1", "method": "log", "params": {"message": "half done"}}
    stage.s3.put_object(Bucket=stage.place.raw_bucket, Key="_pipes/x/1.json", Body=json.dumps(line).encode())
    policy = policies.read("drive")
    (part,) = (part for part in policies.parts(policy) if part.value.endswith("/_pipes/*"))
    read = []
    for each in (policies.without(policy, part), policy):
        allow_only(policies.filled(each, stage.place))
        read.append(
            S3Messages(stage.place.raw_bucket, "drive.json").download_messages(None, {"key_prefix": "_pipes/x"})
        )
    assert read[0] is None
    assert read[1] is not None
    assert "half done" in read[1][1]
