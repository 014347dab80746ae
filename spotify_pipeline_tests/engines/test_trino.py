"""A real Trino, which Athena is made of, reads the registered tables and answers as DuckDB does in its place.

Not among the usual tests, because the server is a download of 0.8 GB: `make test-trino`.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.catalog.glue import GlueCatalog
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.glue_definitions import as_input, table_input
from spotify_pipeline.catalog.glue_months import GlueMonths
from spotify_pipeline.catalog.publication import published_files
from spotify_pipeline.query.duckdb import DuckDBEngine
from spotify_pipeline.query.named import NamedQuery, named_queries
from spotify_pipeline.report.facts import gather
from spotify_pipeline.storage.months import Month, Months, version_of
from spotify_pipeline.storage.objects import S3Store
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.months import month_frame, with_days
from spotify_pipeline.tables.parquet import to_parquet
from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline.tables.schema import ColumnType, View
from spotify_pipeline_tests.engines.awkward import awkward_history
from spotify_pipeline_tests.engines.registration import register, upload
from spotify_pipeline_tests.engines.trino_client import TrinoClient, TrinoError
from spotify_pipeline_tests.engines.trino_server import trino_server
from spotify_pipeline_tests.query import test_athena_expressions as documented
from spotify_pipeline_tests.query import test_athena_queries as typed
from spotify_pipeline_tests.query import test_athena_refusals as refused
from spotify_pipeline_tests.query.conftest import DATA
from spotify_pipeline_tests.query.history import DAYS, make_history

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.trino
each_table = pytest.mark.parametrize("table", TABLES)

_TRINO_TYPES = {
    ColumnType.STRING: "varchar",
    ColumnType.INTEGER: "integer",
    ColumnType.BIGINT: "bigint",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp(3)",
    ColumnType.STRINGS: "array(varchar)",
}


_DATA_TYPES = {
    "id": "int",
    "a": "int",
    "b": "int",
    "x": "double",
    "s": "string",
    "d": "date",
    "ts": "timestamp",
    "l": "array<int>",
    "j": "string",
    "dec": "decimal(5,2)",
    "flag": "boolean",
}


class History(NamedTuple):
    """A history in a folder, its tables in a bucket, and the Glue database in which they are registered."""

    backends: Backends
    in_s3: TableStore
    database: str


Publish = Callable[[str, Backends], History]


@pytest.fixture(scope="module")
def trino(s3_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with trino_server(s3_server, tmp_path_factory.mktemp("trino")) as url:
        yield url


@pytest.fixture(scope="module")
def publish(s3_client: "S3Client", glue_client: "GlueClient") -> Publish:
    def published(name: str, backends: Backends) -> History:
        in_s3 = upload(backends, s3_client, f"trino-{name}")
        register(glue_client, f"trino_{name}", in_s3)
        return History(backends, in_s3, f"trino_{name}")

    return published


@pytest.fixture(scope="module")
def demo(publish: Publish, tmp_path_factory: pytest.TempPathFactory) -> History:
    return publish("demo", make_history(tmp_path_factory.mktemp("demo") / "data"))


@pytest.fixture(scope="module")
def awkward(publish: Publish, tmp_path_factory: pytest.TempPathFactory) -> History:
    return publish("awkward", awkward_history(tmp_path_factory.mktemp("awkward") / "data"))


@each_table
def test_trino_describes_the_declared_types(table: str, trino: str, demo: History) -> None:
    described = TrinoClient(trino, demo.database).ask(f"DESCRIBE {table}").rows
    columns = [(column.name, _TRINO_TYPES[column.type]) for column in TABLES[table].columns]
    assert [row[:2] for row in described] == [*columns, (PARTITION_COLUMN, "date")]
    assert [row[2] for row in described] == [*[""] * len(columns), "partition key"]


@each_table
@pytest.mark.parametrize("history", ["demo", "awkward"])
def test_trino_reads_the_rows_that_were_written(
    table: str, history: str, trino: str, request: pytest.FixtureRequest
) -> None:
    published: History = request.getfixturevalue(history)
    client = TrinoClient(trino, published.database, "MICROSECONDS")
    statement = f"SELECT * FROM {table}"
    rows = client.ask(statement).rows
    assert rows
    in_duckdb = DuckDBEngine(published.backends.duckdb_file).ask(statement).rows
    assert sorted(map(repr, rows)) == sorted(map(repr, in_duckdb))


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_trino_answers_a_registered_view_as_duckdb_does(view: View, trino: str, demo: History) -> None:
    client = TrinoClient(trino, demo.database)
    described = client.ask(f"DESCRIBE {view.name}").rows
    assert [row[:2] for row in described] == [(column.name, _TRINO_TYPES[column.type]) for column in view.columns]
    statement = f"SELECT * FROM {view.name}"
    rows = client.ask(statement).rows
    assert rows
    assert sorted(map(repr, rows)) == sorted(map(repr, DuckDBEngine(demo.backends.duckdb_file).ask(statement).rows))


@each_table
def test_trino_reads_only_the_days_that_are_asked_for(table: str, trino: str, demo: History) -> None:
    client = TrinoClient(trino, demo.database)
    heights = [demo.backends.tables.read(table, day).height for day in DAYS]
    one_day = client.tell(f"SELECT * FROM {table} WHERE snapshot_date = DATE '{DAYS[3]}'")
    assert len(one_day.answer.rows) == one_day.rows_read == heights[3]
    last_days = client.tell(f"SELECT * FROM {table} WHERE snapshot_date > DATE '{DAYS[-3]}'")
    assert len(last_days.answer.rows) == last_days.rows_read == sum(heights[-2:])
    assert client.ask(f"SELECT count(*) FROM {table}").rows == [(sum(heights),)]


def test_partitions_from_before_a_column_was_added_have_nulls_in_it(
    trino: str, awkward: History, glue_client: "GlueClient"
) -> None:
    register(glue_client, "trino_changed", awkward.in_s3)
    changed: Any = as_input(glue_client.get_table(DatabaseName="trino_changed", Name="artists")["Table"])
    changed["StorageDescriptor"]["Columns"] += [
        {"Name": "moods", "Type": "array<string>"},
        {"Name": "rank", "Type": "int"},
    ]
    glue_client.update_table(DatabaseName="trino_changed", TableInput=changed)
    client = TrinoClient(trino, "trino_changed", "MICROSECONDS")
    before = TrinoClient(trino, awkward.database, "MICROSECONDS").ask("SELECT * FROM artists").rows
    after = client.ask("SELECT * FROM artists").rows
    assert sorted(map(repr, after)) == sorted(repr((*row[:-1], None, None, row[-1])) for row in before)


@pytest.mark.parametrize("query", named_queries().values(), ids=named_queries())
def test_a_named_query_has_the_same_answer_in_trino_and_duckdb(query: NamedQuery, trino: str, demo: History) -> None:
    engines = TrinoClient(trino, demo.database), DuckDBEngine(demo.backends.duckdb_file)
    earlier = {parameter.name: str(DAYS[5]) for parameter in query.parameters if parameter.type == "date"}
    for values in ({}, earlier):
        in_trino, in_duckdb = (engine.ask(query.sql(values)) for engine in engines)
        assert in_trino.rows
        assert in_trino.columns == in_duckdb.columns
        assert [repr(row) for row in in_trino.rows] == [repr(row) for row in in_duckdb.rows]


def test_the_report_has_the_same_facts_in_trino_and_duckdb(trino: str, demo: History) -> None:
    in_duckdb = gather(DuckDBEngine(demo.backends.duckdb_file))
    in_trino = gather(TrinoClient(trino, demo.database, "MICROSECONDS"))
    assert in_trino.stays
    for name, found in in_trino._asdict().items():
        assert repr(found) == repr(getattr(in_duckdb, name)), name


@pytest.fixture(scope="module")
def in_months(trino: str, demo: History, s3_client: "S3Client", glue_client: "GlueClient") -> TrinoClient:
    """Trino in the second database, in which the demo's days lie in a month."""
    objects = S3Store(s3_client, "trino-demo")
    months = Months(objects)
    published = published_files(demo.in_s3)
    first = DAYS[0].replace(day=1)
    version, files = version_of(first, published), {}
    for name, table in TABLES.items():
        frames = {day: demo.in_s3.read_published(name, day) for day in published[name] if day.replace(day=1) == first}
        file = to_parquet(with_days(table), month_frame(table, frames))
        files[name] = [months.write(name, first, version, 0, file)]
    months.add(first, Month(version, files))
    database = GlueDatabase(glue_client, demo.database, demo.in_s3)
    catalog = GlueCatalog(database, demo.in_s3, GlueMonths(glue_client, database, months, always=False))
    assert catalog.publish().facts["months"] == 1
    return TrinoClient(trino, f"{demo.database}_months")


@pytest.mark.parametrize("query", named_queries().values(), ids=named_queries())
def test_a_named_query_has_the_same_answer_from_months(
    query: NamedQuery, trino: str, demo: History, in_months: TrinoClient
) -> None:
    assert repr(in_months.ask(query.sql())) == repr(TrinoClient(trino, demo.database).ask(query.sql()))


@pytest.mark.parametrize("name", [*TABLES, *VIEWS])
def test_every_name_has_the_same_columns_and_rows_from_months(
    name: str, trino: str, demo: History, in_months: TrinoClient
) -> None:
    statement = f"SELECT * FROM {name}"
    from_days = TrinoClient(trino, demo.database).tell(statement)
    from_months = in_months.tell(statement)
    assert (from_months.answer.columns, from_months.types) == (from_days.answer.columns, from_days.types)
    assert sorted(map(repr, from_months.answer.rows)) == sorted(map(repr, from_days.answer.rows))


@pytest.mark.parametrize(
    ("expression", "expected"),
    documented.OPERATORS
    + documented.NUMBERS
    + documented.TEXTS
    + documented.TIMES
    + documented.CASTS
    + documented.JSONS
    + documented.ARRAYS,
    ids=str,
)
def test_the_expected_value_of_an_expression_is_trinos(expression: str, expected: object, trino: str) -> None:
    ((answer,),) = TrinoClient(trino, "none").ask(f"SELECT {expression}").rows
    assert repr(answer) == repr(expected)


@pytest.mark.parametrize(("aggregate", "expected"), documented.AGGREGATES)
def test_the_expected_value_of_an_aggregate_is_trinos(aggregate: str, expected: object, trino: str) -> None:
    ((answer,),) = TrinoClient(trino, "none").ask(f"SELECT {aggregate} FROM {documented.ROWS}").rows
    assert repr(answer) == repr(expected)


@pytest.mark.parametrize(("window", "expected"), documented.WINDOWS)
def test_the_expected_values_of_a_window_function_are_trinos(window: str, expected: list[object], trino: str) -> None:
    sql = f"SELECT {window}, v FROM {documented.ROWS} WINDOW w AS (ORDER BY v) ORDER BY v"
    answer = TrinoClient(trino, "none").ask(sql).rows
    assert repr([row[0] for row in answer]) == repr(documented.in_order_of_v(window, expected))


@pytest.fixture(scope="module")
def data(trino: str, s3_client: "S3Client", glue_client: "GlueClient", tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database that has the table `data` of those tests, as it is in DuckDB."""
    file = tmp_path_factory.mktemp("data") / "data.parquet"
    with duckdb.connect() as connection:
        connection.execute(DATA)
        connection.execute(f"COPY (SELECT * REPLACE (j::VARCHAR AS j) FROM data) TO '{file}'")
    s3_client.create_bucket(Bucket="trino-data")
    s3_client.put_object(Bucket="trino-data", Key="data/data.parquet", Body=file.read_bytes())
    glue_client.create_database(DatabaseInput={"Name": "main"})
    definition: Any = table_input(TABLES["tracks"], "s3://trino-data/data/")
    definition["StorageDescriptor"]["Columns"] = [{"Name": name, "Type": type_} for name, type_ in _DATA_TYPES.items()]
    glue_client.create_table(DatabaseName="main", TableInput=definition | {"Name": "data", "PartitionKeys": []})
    return "main"


@pytest.mark.parametrize(("expression", "expected"), typed.EXPRESSIONS)
def test_the_expected_value_of_an_expression_over_a_table_is_trinos(
    expression: str, expected: object, trino: str, data: str
) -> None:
    answer = TrinoClient(trino, data).ask(typed.of_the_first_row(expression)).rows
    assert repr(answer) == repr([(expected,)])


@pytest.mark.parametrize(("sql", "expected"), typed.QUERIES)
def test_the_expected_rows_of_a_query_are_trinos(
    sql: str, expected: list[tuple[object, ...]], trino: str, data: str
) -> None:
    assert TrinoClient(trino, data).ask(sql).rows == expected


@pytest.mark.parametrize("expression", refused.FAILURES)
def test_what_is_expected_to_fail_fails_in_trino(expression: str, trino: str, data: str) -> None:
    with pytest.raises(TrinoError):
        TrinoClient(trino, data).ask(f"SELECT {expression}")


@pytest.mark.parametrize("sql", [sql for sql, _reason in refused.MISTYPED])
def test_what_the_text_shows_to_be_wrong_is_wrong_in_trino(sql: str, trino: str, data: str) -> None:
    with pytest.raises(TrinoError, match=r"^line 1:"):
        TrinoClient(trino, data).ask(sql)
