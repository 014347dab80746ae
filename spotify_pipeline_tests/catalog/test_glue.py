"""Registration in the Glue Data Catalog: exactly what is published, as declared, whoever else does the same."""

import base64
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from spotify_pipeline.catalog.publication import stray_partitions
from spotify_pipeline.errors import StorageError
from spotify_pipeline.progress import Progress
from spotify_pipeline.tables.declarations import COVERAGE, MEMBERSHIPS, TABLES
from spotify_pipeline.tables.schema import Table
from spotify_pipeline_tests.catalog.conftest import GlueCase, Killed
from spotify_pipeline_tests.storage.staging import publish_staged

DAY, NEXT = date(2025, 3, 1), date(2025, 3, 2)
NewCase = Callable[..., GlueCase]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


def whole(case: GlueCase) -> bool:
    """Whether each registered partition has its file, and each day of `coverage` all tables."""
    registered = {name: set(case.partitions(name)) for name in TABLES}
    stored = {name: set(case.tables.partitions(name)) for name in TABLES}
    has_files = all(registered[name] <= stored[name] for name in TABLES)
    return has_files and all(registered[COVERAGE.name] <= days for days in registered.values())


# What is registered


def test_tables_are_defined_as_declared(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    for name, declared in TABLES.items():
        table = case.table(name)
        storage = table["StorageDescriptor"]
        assert [(column["Name"], column["Type"], column["Comment"]) for column in storage["Columns"]] == [
            (column.name, column.type.value, column.description) for column in declared.columns
        ]
        assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("snapshot_date", "date")]
        assert table["Description"] == declared.description
        assert table["TableType"] == "EXTERNAL_TABLE"
        assert table["Parameters"]["classification"] == "parquet"
        assert storage["Location"] == f"s3://{case.bucket}/{name}/"
        assert storage["SerdeInfo"]["SerializationLibrary"].endswith(".ParquetHiveSerDe")


def test_the_days_that_are_published_are_registered_and_those_that_are_only_staged_are_not(case: GlueCase) -> None:
    case.put(DAY)
    case.stage(NEXT)
    publication = case.catalog.publish()
    assert publication.days == [DAY]
    assert publication.facts["partitions_registered"] == len(TABLES)
    for name in TABLES:
        (partition,) = case.partitions(name).values()
        assert partition["Values"] == [str(DAY)]
        assert partition["StorageDescriptor"]["Location"] == f"s3://{case.bucket}/{name}/snapshot_date={DAY}/"
        assert partition["StorageDescriptor"]["Columns"] == case.table(name)["StorageDescriptor"]["Columns"]
    assert case.catalog.partitions() == {name: {DAY} for name in TABLES}


def test_publishing_again_writes_nothing(case: GlueCase) -> None:
    case.put(DAY, NEXT)
    case.catalog.publish()
    case.wire.calls.clear()
    facts = case.catalog.publish().facts
    assert case.wire.writes() == []
    assert set(facts.values()) == {0}


def test_coverage_is_registered_last_and_unregistered_first(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    order = [params["TableName"] for name, params in case.wire.calls if name == "BatchCreatePartition"]
    assert order[-1] == COVERAGE.name
    assert set(order) == set(TABLES)
    for name in TABLES:
        case.tables._objects.delete(f"{name}/snapshot_date={DAY}/part-0.parquet")
    case.catalog.publish()
    order = [params["TableName"] for name, params in case.wire.calls if name == "BatchDeletePartition"]
    assert order[0] == COVERAGE.name
    assert case.catalog.partitions() == {name: set() for name in TABLES}


def test_requests_keep_to_the_limits_of_glue(case: GlueCase) -> None:
    days = [DAY + timedelta(days=number) for number in range(130)]
    told: list[str] = []

    class Told(Progress):
        def tell(self, text: str) -> None:
            told.append(text)

    for day in days:
        case.tables._objects.put(f"coverage/snapshot_date={day}/part-0.parquet", b"")
    case.catalog.publish(Told())
    for day in days:
        case.tables._objects.delete(f"coverage/snapshot_date={day}/part-0.parquet")
    columns = case.partitions("coverage")[DAY]["StorageDescriptor"] | {"Columns": []}
    for day in days[1:]:
        case.glue.update_partition(
            DatabaseName=case.name,
            TableName="coverage",
            PartitionValueList=[str(day)],
            PartitionInput={"Values": [str(day)], "StorageDescriptor": columns},
        )
    case.database.update(TABLES["coverage"], days)
    case.catalog.publish()
    assert told == ["registering 130 days of coverage"]
    sizes = {
        "BatchCreatePartition": [len(params["PartitionInputList"]) for params in made(case, "BatchCreatePartition")],
        "BatchUpdatePartition": [len(params["Entries"]) for params in made(case, "BatchUpdatePartition")],
        "BatchDeletePartition": [len(params["PartitionsToDelete"]) for params in made(case, "BatchDeletePartition")],
    }
    assert max(sizes["BatchCreatePartition"]) == max(sizes["BatchUpdatePartition"]) == 100
    assert max(sizes["BatchDeletePartition"]) == 25
    assert sum(sizes["BatchUpdatePartition"]) == len(days)


def made(case: GlueCase, operation: str) -> list[dict[str, Any]]:
    return [params for name, params in case.wire.calls if name == operation]


# What was there before


def redefine(case: GlueCase, change: Callable[[dict[str, Any]], object], name: str = "tracks") -> None:
    """Let somebody else change a table in the catalog."""
    table = case.table(name)
    kept = ("Name", "Description", "Owner", "TableType", "StorageDescriptor", "PartitionKeys", "Parameters")
    of_views = ("ViewOriginalText", "ViewExpandedText")
    definition = {key: table[key] for key in kept + of_views if key in table}
    change(definition)
    case.glue.update_table(DatabaseName=case.name, TableInput=definition)  # type: ignore[arg-type]


def test_a_column_and_a_comment_that_are_new_reach_the_table_and_its_old_partitions(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    declared = case.table()["StorageDescriptor"]["Columns"]

    def as_before(definition: dict[str, Any]) -> None:
        definition["StorageDescriptor"]["Columns"] = [
            column | {"Comment": "what it said before"} for column in declared if column["Name"] != "explicit"
        ]

    redefine(case, as_before)
    old = case.partitions()[DAY]["StorageDescriptor"] | {"Columns": case.table()["StorageDescriptor"]["Columns"]}
    case.glue.update_partition(
        DatabaseName=case.name,
        TableName="tracks",
        PartitionValueList=[str(DAY)],
        PartitionInput={"Values": [str(DAY)], "StorageDescriptor": old},
    )
    assert sorted(case.catalog.differences()) == [
        "tracks: 1 partitions are not as declared, such as 2025-03-01",
        "tracks: it lacks the column explicit",
    ]
    facts = case.catalog.publish().facts
    assert (facts["tables_updated"], facts["partitions_updated"], facts["partitions_registered"]) == (1, 1, 0)
    assert case.table()["StorageDescriptor"]["Columns"] == declared
    assert case.partitions()[DAY]["StorageDescriptor"]["Columns"] == declared
    assert list(case.catalog.differences()) == []


def test_what_others_have_set_on_a_table_stays_but_no_projection_goes_round_the_audit(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    theirs = {"cost_center": "music", "projection.enabled": "true", "projection.snapshot_date.type": "date"}
    redefine(case, lambda definition: definition["Parameters"].update(theirs))
    redefine(case, lambda definition: definition.update(Owner="analysts"))
    case.catalog.publish()
    parameters = case.table()["Parameters"]
    assert parameters["cost_center"] == "music"
    assert case.table()["Owner"] == "analysts"
    assert not any(name.startswith("projection") for name in parameters)


INCOMPATIBLE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another type": (
        lambda table: table["StorageDescriptor"]["Columns"][0].update(Type="bigint"),
        "its column track_id is bigint, not string",
    ),
    "a column of a newer version": (
        lambda table: table["StorageDescriptor"]["Columns"].append({"Name": "mood", "Type": "string"}),
        "it has a column mood, which this version does not know",
    ),
    "another place": (
        lambda table: table["StorageDescriptor"].update(Location="s3://elsewhere/tracks/"),
        "its files are in s3://elsewhere/tracks/, not in s3://",
    ),
    "another partition key": (
        lambda table: table.update(PartitionKeys=[{"Name": "snapshot_date", "Type": "string"}]),
        "it is partitioned by snapshot_date string, not snapshot_date date",
    ),
    "another format": (
        lambda table: table["StorageDescriptor"]["SerdeInfo"].update(SerializationLibrary="org.openx.JsonSerDe"),
        "it is read by org.openx.JsonSerDe, not as Parquet",
    ),
    "a view": (lambda table: table.update(TableType="VIRTUAL_VIEW"), "it is of the type VIRTUAL_VIEW"),
}


@pytest.mark.parametrize(("change", "problem"), INCOMPATIBLE.values(), ids=INCOMPATIBLE)
def test_a_table_that_cannot_become_what_is_declared_is_refused_and_stays(
    change: Callable[[dict[str, Any]], object], problem: str, case: GlueCase
) -> None:
    case.put(DAY)
    case.catalog.publish()
    redefine(case, change)
    before = case.table()
    case.put(NEXT)
    with pytest.raises(StorageError, match=re.escape(problem)) as refused:
        case.catalog.publish()
    assert f"The Glue table {case.name}.tracks cannot become what this version declares" in str(refused.value)
    assert case.table() == before
    assert all(set(case.partitions(name)) == {DAY} for name in TABLES)
    assert any(problem in difference for difference in case.catalog.differences())


def test_after_an_incompatible_table_is_deleted_all_days_are_registered_anew(case: GlueCase) -> None:
    case.put(DAY, NEXT)
    case.catalog.publish()
    case.glue.delete_table(DatabaseName=case.name, Name="tracks")
    assert case.catalog.publish().facts["partitions_registered"] == 2
    assert set(case.partitions()) == {DAY, NEXT}


# Views


def test_views_are_defined_as_athena_defines_its_own(case: GlueCase) -> None:
    case.catalog.publish()
    view = case.table("memberships")
    assert view["TableType"] == "VIRTUAL_VIEW"
    assert view["Parameters"] == {"presto_view": "true", "comment": "Presto View"}
    assert view["ViewExpandedText"] == "/* Presto View */"
    encoded = re.fullmatch(r"/\* Presto View: (\S+) \*/", view["ViewOriginalText"])
    assert encoded
    definition = json.loads(base64.b64decode(encoded[1]))
    assert (definition["originalSql"], definition["schema"]) == (MEMBERSHIPS.sql, case.name)
    assert definition["catalog"] == "awsdatacatalog"
    in_glue = {column["Name"]: column["Type"] for column in view["StorageDescriptor"]["Columns"]}
    in_trino = {column["name"]: column["type"] for column in definition["columns"]}
    assert list(in_glue) == list(in_trino) == [column.name for column in MEMBERSHIPS.columns]
    assert (in_glue["item_key"], in_trino["item_key"]) == ("string", "varchar")
    assert (in_glue["days_min"], in_trino["days_min"]) == ("int", "integer")


@pytest.mark.parametrize(
    "change",
    [
        lambda view: view.update(ViewOriginalText="/* Presto View: e30= */"),
        lambda view: view.update(Description="what it stands for"),
        lambda view: view["StorageDescriptor"]["Columns"].pop(),
        lambda view: view["Parameters"].pop("presto_view"),
    ],
)
def test_a_view_that_others_have_changed_is_told_and_put_right(
    change: Callable[[dict[str, Any]], object], case: GlueCase
) -> None:
    case.catalog.publish()
    redefine(case, change, "memberships")
    assert list(case.catalog.differences()) == ["memberships is not the declared view"]
    assert case.catalog.publish().facts["tables_updated"] == 1
    assert list(case.catalog.differences()) == []


def test_a_table_where_a_view_belongs_is_refused_and_stays(case: GlueCase) -> None:
    case.catalog.publish()
    assert list(case.catalog.differences()) == []
    case.glue.delete_table(DatabaseName=case.name, Name="memberships")
    assert list(case.catalog.differences()) == ["memberships is missing"]
    case.glue.create_table(
        DatabaseName=case.name,
        TableInput={"Name": "memberships", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {"Columns": []}},
    )
    with pytest.raises(StorageError, match=f"{case.name}.memberships stands where this version has a view: delete it"):
        case.catalog.publish()
    assert case.table("memberships")["TableType"] == "EXTERNAL_TABLE"


def test_a_partition_in_the_wrong_place_is_put_right(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    elsewhere = case.partitions()[DAY]["StorageDescriptor"] | {"Location": "s3://elsewhere/"}
    case.glue.update_partition(
        DatabaseName=case.name,
        TableName="tracks",
        PartitionValueList=[str(DAY)],
        PartitionInput={"Values": [str(DAY)], "StorageDescriptor": elsewhere},
    )
    case.catalog.publish()
    assert case.partitions()[DAY]["StorageDescriptor"]["Location"].startswith(f"s3://{case.bucket}/tracks/")


def test_a_partition_that_is_no_day_is_named(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    case.glue.create_partition(
        DatabaseName=case.name,
        TableName="tracks",
        PartitionInput={"Values": ["yesterday"], "StorageDescriptor": {"Columns": []}},
    )
    with pytest.raises(StorageError, match=f"{case.name}.tracks has a partition 'yesterday', which is no day"):
        case.catalog.publish()


def test_a_table_over_our_files_that_nobody_declares_is_a_difference(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    for name, bucket in (("part_0_parquet", case.bucket), ("theirs", "another-bucket")):
        case.glue.create_table(
            DatabaseName=case.name,
            TableInput={"Name": name, "StorageDescriptor": {"Location": f"s3://{bucket}/tracks/", "Columns": []}},
        )
    assert list(case.catalog.differences()) == [
        "part_0_parquet: it is over files of this pipeline, which declares no such table"
    ]


def test_strays_are_found_on_both_sides(case: GlueCase) -> None:
    case.put(DAY)
    case.catalog.publish()
    assert list(stray_partitions(case.catalog, case.tables)) == []
    case.put(NEXT)
    case.tables._objects.delete(f"tracks/snapshot_date={DAY}/part-0.parquet")
    found = list(stray_partitions(case.catalog, case.tables))
    assert f"tracks has no file for {DAY}, which the catalog shows" in found
    assert {f"{name} has a file for {NEXT}, which the catalog does not show" for name in TABLES} < set(found)
    assert len(found) == len(TABLES) + 1


# Others, crashes, throttling


@pytest.mark.no_cover
def test_a_publisher_that_is_killed_between_any_two_requests_leaves_only_whole_partitions(new_case: NewCase) -> None:
    """One day is registered already and is staged anew, another one is new."""

    def prepared() -> GlueCase:
        case = new_case()
        case.put(DAY)
        case.catalog.publish()
        case.stage(DAY, "Another song")
        case.stage(NEXT)
        return case

    def publish(case: GlueCase) -> None:
        for day in (DAY, NEXT):
            publish_staged(case.tables, day)
        case.catalog.publish()

    unharmed = prepared()
    unharmed.wire.calls.clear()
    publish(unharmed)
    changes = unharmed.wire.writes()
    # Moving files is tried at every moment by the tests of the store, so here every 25th will do.
    in_glue = [number for number, change in enumerate(changes) if "Partition" in change]
    assert len(in_glue) == len(TABLES)
    is_out = []
    for moment in sorted({*range(0, len(changes), 25), *in_glue}):
        case = prepared()
        killed = new_case(like=case)
        killed.wire.kill_after = moment
        with pytest.raises(Killed):
            publish(killed)
        assert whole(case), f"after {moment} changes"
        is_out.append(set(case.partitions(COVERAGE.name)) == {DAY, NEXT})
        publish(case)
        assert all(set(case.partitions(name)) == {DAY, NEXT} for name in TABLES)
        assert list(stray_partitions(case.catalog, case.tables)) == []
    assert not any(is_out)  # the last change is the one with which the day is out


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceException"])
def test_a_glue_that_throttles_now_and_then_is_asked_again(code: str, case: GlueCase) -> None:
    case.put(DAY)
    sent: dict[str, int] = {}

    def refuse(operation: str) -> str | None:
        sent[operation] = sent.get(operation, 0) + 1
        return code if sent[operation] % 2 else None

    case.wire.refuse = refuse
    case.catalog.publish()
    assert all(set(case.partitions(name)) == {DAY} for name in TABLES)


@pytest.mark.parametrize(
    "operation", ["GetDatabase", "CreateDatabase", "CreateTable", "GetPartitions", "BatchCreatePartition"]
)
def test_a_glue_that_throttles_on_and_on_is_said_and_leaves_only_whole_partitions(
    operation: str, case: GlueCase
) -> None:
    case.put(DAY)
    case.wire.refuse = lambda asked: "ThrottlingException" if asked == operation else None
    with pytest.raises(StorageError, match=r"AWS limits the rate of requests to the Glue .*: run again") as refused:
        case.catalog.publish()
    assert refused.value.may_pass
    case.wire.refuse = lambda _: None
    case.catalog.publish()
    assert whole(case)
    assert set(case.partitions(COVERAGE.name)) == {DAY}


def test_what_another_publisher_registers_in_between_is_taken_as_done(new_case: NewCase) -> None:
    case = new_case()
    case.put(DAY, NEXT)
    other = new_case(like=case)

    class Overtaken(type(case.database)):  # type: ignore[misc]  # the class of an object
        def register(self, table: Table, days: Any) -> None:
            other.database.register(table, [DAY])
            super().register(table, days)

    case.database.__class__ = Overtaken
    case.catalog.publish()
    assert all(set(case.partitions(name)) == {DAY, NEXT} for name in TABLES)


def test_a_day_that_another_process_publishes_meanwhile_is_not_unregistered(new_case: NewCase) -> None:
    case = new_case()
    case.put(DAY)
    case.catalog.publish()
    other = new_case(like=case)

    class Overtaken(type(case.database)):  # type: ignore[misc]
        """Between reading the catalog and reading the store, another day is published."""

        def registered(self, table: Table) -> Any:
            found = super().registered(table)
            if table.name == list(TABLES)[-1] and not other.wire.calls:
                other.put(NEXT)
                other.catalog.publish()
            return found

    case.database.__class__ = Overtaken
    case.catalog.publish()
    assert all(set(case.partitions(name)) == {DAY, NEXT} for name in TABLES)
