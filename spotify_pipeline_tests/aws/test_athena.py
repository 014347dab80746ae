"""Asking Athena: what is sent, how long is waited, what comes back, and what is said when nothing does."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline import aws as product
from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.athena import AthenaEngine
from spotify_pipeline.query.engine import Scan
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.fake_athena import FakeAthena, Statement
from spotify_pipeline_tests.aws.fake_aws import FakeAws, refused
from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

DAYS_EAST = timezone(timedelta(hours=5, minutes=30))


@pytest.fixture
def athena(fake_aws: FakeAws) -> FakeAthena:
    fake = FakeAthena()
    fake_aws.answering = fake
    return fake


@pytest.fixture
def engine(athena: FakeAthena, clock: FakeClock) -> AthenaEngine:
    return AthenaEngine(product.client("athena"), "reporting", "music", clock.patience().clock)


def refusal_of(engine: AthenaEngine) -> QueryError:
    """The error of a statement, which must be one line."""
    with pytest.raises(QueryError) as caught:
        engine.ask("SELECT 1 AS n")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    return caught.value


# What is sent


def test_a_statement_is_asked_in_the_workgroup_and_the_database(engine: AthenaEngine, athena: FakeAthena) -> None:
    engine.ask("SELECT 1 AS n")
    (started,) = athena.started
    assert len(started.pop("ClientRequestToken")) >= 32
    assert started == {
        "QueryString": "SELECT 1 AS n",
        "QueryExecutionContext": {"Database": "music"},
        "WorkGroup": "reporting",
    }


def test_parameters_reach_the_request(engine: AthenaEngine, athena: FakeAthena) -> None:
    engine.ask("SELECT ? AS day, ? AS name", ["DATE '2026-01-31'", "'It''s'"])
    assert athena.started[0]["ExecutionParameters"] == ["DATE '2026-01-31'", "'It''s'"]


def test_a_start_that_is_repeated_starts_one_execution(
    engine: AthenaEngine, athena: FakeAthena, fake_aws: FakeAws
) -> None:
    lost = iter([True, True])

    def answering(request: Any) -> Any:
        answer = athena(request)
        return refused("InternalServerException", status=500) if next(lost, False) else answer

    fake_aws.answering = answering
    engine.ask("SELECT 1 AS n")
    assert [request.operation for request in fake_aws.requests[:3]] == ["StartQueryExecution"] * 3
    assert len(athena.started) == 1


# How long is waited


def test_pauses_grow_from_a_fifth_of_a_second_to_five_seconds(
    engine: AthenaEngine, athena: FakeAthena, clock: FakeClock
) -> None:
    athena.statement = Statement(states=["QUEUED"] * 3 + ["RUNNING"] * 12 + ["SUCCEEDED"])
    engine.ask("SELECT 1 AS n")
    assert len(clock.waits) == 15
    assert clock.waits[0] == 0.2
    assert clock.waits == sorted(clock.waits)
    assert clock.waits[-1] == clock.waits[-2] == 5
    assert all(later <= 2 * sooner for sooner, later in zip(clock.waits, clock.waits[1:], strict=False))


def test_what_is_done_at_once_is_not_waited_for(engine: AthenaEngine, athena: FakeAthena, clock: FakeClock) -> None:
    athena.statement = Statement(states=["SUCCEEDED"])
    engine.ask("SELECT 1 AS n")
    assert clock.waits == []
    assert athena.stopped == []


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_who_is_interrupted_while_waiting_has_the_query_cancelled(
    engine: AthenaEngine, athena: FakeAthena, interrupt: type[BaseException]
) -> None:
    polls = count()

    def third_time() -> None:
        if next(polls) == 2:
            raise interrupt

    athena.on_poll = third_time
    with pytest.raises(interrupt):
        engine.ask("SELECT 1 AS n")
    assert athena.stopped == ["execution-0"]


def test_an_interrupt_is_raised_on_where_the_query_cannot_be_cancelled(
    engine: AthenaEngine, athena: FakeAthena, fake_aws: FakeAws
) -> None:
    def answering(request: Any) -> Any:
        if request.operation == "StopQueryExecution":
            return refused("AccessDeniedException")
        if request.operation == "GetQueryExecution":
            raise KeyboardInterrupt
        return athena(request)

    fake_aws.answering = answering
    with pytest.raises(KeyboardInterrupt):
        engine.ask("SELECT 1 AS n")
    assert fake_aws.requests[-1].operation == "StopQueryExecution"


def test_a_query_that_nobody_can_wait_for_is_cancelled(
    engine: AthenaEngine, athena: FakeAthena, fake_aws: FakeAws
) -> None:
    def answering(request: Any) -> Any:
        return refused("AccessDeniedException") if request.operation == "GetQueryExecution" else athena(request)

    fake_aws.answering = answering
    assert "AWS denies GetQueryExecution on the Athena workgroup reporting" in str(refusal_of(engine))
    assert athena.stopped == ["execution-0"]


# What comes back


def values_of(engine: AthenaEngine, athena: FakeAthena, kind: str, *texts: str | None) -> list[Any]:
    athena.statement = Statement([("value", kind)], [[text] for text in texts])
    answer = engine.ask("SELECT value FROM somewhere")
    assert answer.columns == ["value"]
    return [value for (value,) in answer.rows]


@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("varchar", ["a", "", "true", "12", "value"], ["a", "", "true", "12", "value"]),
        ("char", ["a  "], ["a  "]),
        ("boolean", ["true", "false"], [True, False]),
        ("tinyint", ["-128"], [-128]),
        ("smallint", ["32767"], [32767]),
        ("integer", ["-2147483648"], [-2147483648]),
        ("bigint", ["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        ("float", ["1.5", "-3.4028235E38"], [1.5, -3.4028235e38]),
        ("double", ["1.0E20", "-0.0", "4.9E-324", "0.1"], [1e20, -0.0, 5e-324, 0.1]),
        ("double", ["Infinity", "-Infinity"], [math.inf, -math.inf]),
        ("decimal", ["1.50", "-99999999999999999999999999999999999999"], [Decimal("1.50"), Decimal(1 - 10**38)]),
        ("date", ["2024-02-29", "0001-01-01", "9999-12-31"], [date(2024, 2, 29), date.min, date.max]),
        ("date", ["+10000-01-01", "-0001-01-01"], ["+10000-01-01", "-0001-01-01"]),
        ("time", ["01:02:03.456"], [time(1, 2, 3, 456000)]),
        ("time with time zone", ["01:02:03.456 America/Los_Angeles"], ["01:02:03.456 America/Los_Angeles"]),
        ("timestamp", ["2024-01-02 03:04:05.678"], [datetime(2024, 1, 2, 3, 4, 5, 678000)]),  # noqa: DTZ001
        ("timestamp", ["2024-01-02 03:04:05.678901"], [datetime(2024, 1, 2, 3, 4, 5, 678901)]),  # noqa: DTZ001
        ("timestamp", ["+10000-01-01 00:00:00.000"], ["+10000-01-01 00:00:00.000"]),
        (
            "timestamp with time zone",
            ["2024-01-02 03:04:05.678 UTC", "2024-01-02 03:04:05.678 +05:30"],
            [datetime(2024, 1, 2, 3, 4, 5, 678000, UTC), datetime(2024, 1, 2, 3, 4, 5, 678000, DAYS_EAST)],
        ),
        (
            "timestamp with time zone",  # which of two hours it is when the clocks go back, the text does not say
            ["2024-10-27 02:30:00.000 Europe/Berlin"],
            ["2024-10-27 02:30:00.000 Europe/Berlin"],
        ),
        ("varbinary", ["68 65 6c 6c 6f", "", "00"], [b"hello", b"", b"\0"]),
        ("array", ["[rock, it's, a]", "[]"], ["[rock, it's, a]", "[]"]),
        ("row", ["{field0=1, field1=2.0}"], ["{field0=1, field1=2.0}"]),
        ("map", ["{a=1}"], ["{a=1}"]),
        ("json", ['{"a":1}'], ['{"a":1}']),
        ("interval day to second", ["2 00:00:00.000"], ["2 00:00:00.000"]),
        ("unknown", [], []),
    ],
)
def test_values_have_the_types_of_their_columns(
    engine: AthenaEngine, athena: FakeAthena, kind: str, texts: list[str], values: list[Any]
) -> None:
    found = values_of(engine, athena, kind, *texts, None)
    assert found == [*values, None]
    assert [type(value) for value in found[:-1]] == [type(value) for value in values]


def test_what_is_no_number_is_read_as_such(engine: AthenaEngine, athena: FakeAthena) -> None:
    (value,) = values_of(engine, athena, "double", "NaN")
    assert math.isnan(value)


def test_a_null_is_not_an_empty_text(engine: AthenaEngine, athena: FakeAthena) -> None:
    assert values_of(engine, athena, "varchar", None, "") == [None, ""]


def printed_double(value: float) -> str:
    """As Java prints it."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    mantissa, _, exponent = f"{value!r}".partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}" if exponent else mantissa


def printed_time(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "milliseconds")


MILLISECONDS = st.integers(0, 999).map(lambda number: number * 1000)
TIMES = st.builds(lambda at, part: at.replace(microsecond=part), st.datetimes(), MILLISECONDS)
KINDS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], str]]] = {
    "varchar": (st.text(), str),
    "boolean": (st.booleans(), lambda value: str(value).lower()),
    "bigint": (st.integers(-(2**63), 2**63 - 1), str),
    "double": (st.floats(allow_nan=False), printed_double),
    "decimal": (st.decimals(allow_nan=False, allow_infinity=False, places=4), "{:f}".format),
    "date": (st.dates(), str),
    "time": (st.builds(lambda at: at.time(), TIMES), lambda value: value.isoformat("milliseconds")),
    "timestamp": (TIMES, printed_time),
    "timestamp with time zone": (TIMES.map(lambda at: at.replace(tzinfo=UTC)), lambda at: f"{printed_time(at)} UTC"),
    "varbinary": (st.binary(), lambda value: value.hex(" ")),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Types of columns, and rows of values or nulls."""
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=5))
    values = [st.none() | KINDS[kind][0] for kind in kinds]
    return kinds, draw(st.lists(st.tuples(*values), max_size=7))


@cache
def engine_for_examples() -> tuple[FakeAws, AthenaEngine]:
    fake, key = FakeAws(), "made-up"
    client = fake.session().client("athena", "us-east-1", aws_access_key_id=key, aws_secret_access_key=key)
    return fake, AthenaEngine(client, "reporting", "music", FakeClock().patience().clock)


@given(table=tables(), page_size=st.integers(1, 4))
def test_whatever_is_printed_as_athena_prints_it_is_read_back(
    table: tuple[list[str], list[tuple[Any, ...]]], page_size: int
) -> None:
    kinds, rows = table
    columns = [(f"column_{number}", kind) for number, kind in enumerate(kinds)]
    texts = [
        [None if value is None else KINDS[kind][1](value) for kind, value in zip(kinds, row, strict=True)]
        for row in rows
    ]
    fake, engine = engine_for_examples()
    fake.answering = FakeAthena(Statement(columns, texts, states=["SUCCEEDED"]), page_size=page_size)
    answer = engine.ask("SELECT *")
    assert answer.columns == [name for name, _ in columns]
    assert answer.rows == rows
    assert [[type(value) for value in row] for row in answer.rows] == [[type(value) for value in row] for row in rows]


def test_rows_come_in_pages_of_a_thousand_with_the_header_among_them(
    engine: AthenaEngine, athena: FakeAthena, fake_aws: FakeAws
) -> None:
    athena.statement = Statement([("n", "integer")], [[str(number)] for number in range(2500)])
    assert engine.ask("SELECT n FROM numbers").rows == [(number,) for number in range(2500)]
    asked = [request.body for request in fake_aws.requests if request.operation == "GetQueryResults"]
    assert [body.get("NextToken") for body in asked] == [None, "1000", "2000"]


def test_no_rows_have_columns_all_the_same(engine: AthenaEngine, athena: FakeAthena) -> None:
    athena.statement = Statement([("a", "integer"), ("b", "varchar")], [])
    assert engine.ask("SELECT 1")[:2] == (["a", "b"], [])


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        (Statement([("tab_name", "string")], [["coverage"], ["tab_name"]], "UTILITY"), [("coverage",), ("tab_name",)]),
        (
            Statement([("partition", "string")], [["snapshot_date=2026-01-31"]], "UTILITY"),
            [("snapshot_date=2026-01-31",)],
        ),
        (
            Statement([("Query Plan", "varchar")], [["Fragment 0"], ["    Output"]], "UTILITY"),
            [("Fragment 0",), ("    Output",)],
        ),
        (
            Statement(
                [("col_name", "string"), ("data_type", "string"), ("comment", "string")],
                [["day                 \tdate                \tWhich day."], ["name\tstring\t "], [""]],
                "UTILITY",
            ),
            [("day", "date", "Which day."), ("name", "string", ""), ("", "", "")],
        ),
        (Statement([], [], "DDL"), []),
    ],
)
def test_without_a_header_the_first_row_is_a_row(
    engine: AthenaEngine, athena: FakeAthena, statement: Statement, rows: list[tuple[str, ...]]
) -> None:
    athena.statement = statement
    assert engine.ask("SHOW something").rows == rows


# What it costs


@pytest.mark.parametrize(
    ("kind", "scanned", "scan"),
    [
        ("DML", 1_258_291, Scan(1_258_291)),
        ("DML", 0, Scan(0)),
        ("UTILITY", 5 * 2**30, Scan(5 * 2**30)),  # EXPLAIN ANALYZE
        ("UTILITY", 0, None),
        ("DDL", 0, None),
    ],
)
def test_what_is_billed_is_told(
    engine: AthenaEngine, athena: FakeAthena, kind: str, scanned: int, scan: Scan | None
) -> None:
    athena.statement = Statement(kind=kind, scanned=scanned)
    assert engine.ask("SELECT 1 AS n").scan == scan


@pytest.mark.parametrize(
    ("scanned", "text"),
    [
        (0, "0.0 MiB scanned, about 0.00005 dollars"),
        (1_258_291, "1.2 MiB scanned, about 0.00005 dollars"),
        (10 * 2**20, "10.0 MiB scanned, about 0.00005 dollars"),
        (20 * 2**20, "20.0 MiB scanned, about 0.00010 dollars"),
        (2**40, "1,048,576.0 MiB scanned, about 5.00000 dollars"),
    ],
)
def test_a_scan_is_told_with_an_estimate_of_its_price(scanned: int, text: str) -> None:
    assert str(Scan(scanned)) == text


# What is said when nothing comes back


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            Statement(states=["FAILED"], reason="SCHEMA_NOT_FOUND: line 1:15: Schema 'music' does not exist"),
            (
                "Athena does not find what is asked for in the Glue database music (SCHEMA_NOT_FOUND: line 1:15: "
                "Schema 'music' does not exist): correct the name, or publish a day with `spotify-pipeline run`."
            ),
        ),
        (
            Statement(states=["RUNNING", "FAILED"], reason="TABLE_NOT_FOUND: line 1:15: Table 'x' does not exist"),
            (
                "Athena does not find what is asked for in the Glue database music (TABLE_NOT_FOUND: line 1:15: "
                "Table 'x' does not exist): correct the name, or publish a day with `spotify-pipeline run`."
            ),
        ),
        (
            Statement(states=["FAILED"], reason="DIVISION_BY_ZERO: Division by zero.\n In 'TABLE_NOT_FOUND'"),
            (
                "The query failed in the Athena workgroup reporting: DIVISION_BY_ZERO: Division by zero. In "
                "'TABLE_NOT_FOUND'."
            ),
        ),
        (
            Statement(states=["RUNNING", "CANCELLED"], reason="Bytes scanned limit was exceeded"),
            "The query was cancelled in the Athena workgroup reporting: Bytes scanned limit was exceeded.",
        ),
        (
            Statement(refusal="line 1:8: mismatched input 'FROM'.\nExpecting: '*', <expression>"),
            (
                "Athena refuses the statement in the workgroup reporting: line 1:8: mismatched input 'FROM'. "
                "Expecting: '*', <expression>."
            ),
        ),
        (
            Statement(refusal="Queries of this type are not supported"),
            "Athena refuses the statement in the workgroup reporting: Queries of this type are not supported.",
        ),
    ],
)
def test_why_there_is_no_answer_is_one_sentence(
    engine: AthenaEngine, athena: FakeAthena, statement: Statement, sentence: str
) -> None:
    athena.statement = statement
    error = refusal_of(engine)
    assert str(error) == sentence
    assert not error.may_pass
    assert athena.stopped == []


@pytest.mark.parametrize("retryable", [True, False])
def test_what_athena_calls_retryable_may_pass(engine: AthenaEngine, athena: FakeAthena, *, retryable: bool) -> None:
    athena.statement = Statement(
        states=["FAILED"],
        reason="GENERIC_INTERNAL_ERROR: no slot",
        error={"ErrorCategory": 1, "ErrorType": 233, "Retryable": retryable, "ErrorMessage": "no slot"},
    )
    assert refusal_of(engine).may_pass is retryable


@pytest.mark.parametrize(
    ("workgroups", "sentence"),
    [
        (
            {"reporting": None},
            "The Athena workgroup reporting has no place for results: give it an output location in S3.",
        ),
        (
            {"another": "s3://results/"},
            (
                "The Athena workgroup reporting cannot be used (WorkGroup is not found): create it, or correct "
                "SPOTIFY_PIPELINE_ATHENA_WORKGROUP."
            ),
        ),
    ],
)
def test_a_workgroup_that_cannot_be_used_is_named(
    engine: AthenaEngine, athena: FakeAthena, workgroups: dict[str, str | None], sentence: str
) -> None:
    athena.workgroups = workgroups
    assert str(refusal_of(engine)) == sentence


@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"])
def test_throttling_is_waited_out_and_told_in_the_end(
    engine: AthenaEngine, athena: FakeAthena, fake_aws: FakeAws, operation: str
) -> None:
    fake_aws.answering = lambda request: (
        refused("TooManyRequestsException", "Rate exceeded") if request.operation == operation else athena(request)
    )
    error = refusal_of(engine)
    assert str(error).startswith("AWS limits the rate of requests to the Athena workgroup reporting again and again")
    assert error.may_pass
    assert sum(request.operation == operation for request in fake_aws.requests) == 6


def test_results_that_may_not_be_read_are_told(engine: AthenaEngine, athena: FakeAthena, fake_aws: FakeAws) -> None:
    fake_aws.answering = lambda request: (
        refused("AccessDeniedException", "not authorized to perform: s3:GetObject")
        if request.operation == "GetQueryResults"
        else athena(request)
    )
    assert "AWS denies GetQueryResults on the Athena workgroup reporting (not authorized" in str(refusal_of(engine))
    assert athena.stopped == []


# On the emulator, which runs the SQL; what it is no evidence for is above


@pytest.fixture
def emulated(aws: Aws) -> AthenaEngine:
    return AthenaEngine(product.client("athena"), aws.workgroup, aws.database, FakeClock().patience().clock)


def test_the_emulator_s_rows_are_read_in_their_types(emulated: AthenaEngine) -> None:
    answer = emulated.ask(
        "SELECT * FROM (VALUES ('a', 0, 1099511627776, CAST(0.1 AS double), true, DATE '2024-02-29', "
        "TIMESTAMP '2024-01-02 03:04:05.678', CAST(1.50 AS decimal(9, 2))), "
        "('', NULL, -1, NULL, false, NULL, NULL, NULL), (NULL, 1, NULL, 2.5, NULL, DATE '1970-01-01', NULL, -2)) "
        "AS example(name, number, bytes, share, playable, added_on, seen_at, price)"
    )
    assert answer.columns == ["name", "number", "bytes", "share", "playable", "added_on", "seen_at", "price"]
    seen_at = datetime(2024, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001
    assert answer.rows == [
        ("a", 0, 2**40, 0.1, True, date(2024, 2, 29), seen_at, Decimal("1.50")),
        ("", None, -1, None, False, None, None, None),
        (None, 1, None, 2.5, None, date(1970, 1, 1), None, Decimal(-2)),
    ]


def test_the_emulator_s_pages_are_put_together(emulated: AthenaEngine) -> None:
    assert emulated.ask("SELECT n FROM range(2500) AS t(n) ORDER BY n").rows == [(number,) for number in range(2500)]


def test_the_emulator_s_failures_are_one_line(emulated: AthenaEngine) -> None:
    with pytest.raises(QueryError, match=r"^The query failed in the Athena workgroup workgroup_\d+: .*nope.*\.$"):
        emulated.ask("SELECT n FROM nope")


def test_the_emulator_s_missing_place_for_results_is_told(aws: Aws) -> None:
    engine = AthenaEngine(product.client("athena"), "nowhere", aws.database, FakeClock().patience().clock)
    with pytest.raises(QueryError, match=r"^The Athena workgroup nowhere has no place for results"):
        engine.ask("SELECT 1 AS n")


# As the command line tells it


@pytest.fixture
def query(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    for name, value in {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_RAW_BUCKET": "my-raw",
        "SPOTIFY_PIPELINE_TABLES_BUCKET": "my-tables",
        "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": "reporting",
    }.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: run("query", *arguments)


def test_a_table_ends_with_what_was_scanned(athena: FakeAthena, query: Callable[..., Any]) -> None:
    athena.statement = Statement([("n", "integer")], [["1"], [None], ["3"]], states=["SUCCEEDED"], scanned=1_258_291)
    outcome = query("SELECT n FROM numbers")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "3 rows, 1.2 MiB scanned, about 0.00005 dollars"


@pytest.mark.parametrize(("output", "text"), [("csv", "n\n1\n"), ("json", '[\n  {\n    "n": 1\n  }\n]\n')])
def test_what_programs_read_is_without_it(
    athena: FakeAthena, query: Callable[..., Any], output: str, text: str
) -> None:
    athena.statement = Statement([("n", "integer")], [["1"]], states=["SUCCEEDED"], scanned=1_258_291)
    outcome = query("SELECT n FROM numbers", "--format", output)
    assert outcome == (0, text, "1.2 MiB scanned, about 0.00005 dollars\n")


def test_what_costs_nothing_is_told_without_a_price(athena: FakeAthena, query: Callable[..., Any]) -> None:
    athena.statement = Statement([("tab_name", "string")], [["coverage"]], "UTILITY", ["SUCCEEDED"])
    assert query("SHOW TABLES").out.splitlines()[-1] == "1 row"
    assert query("SHOW TABLES", "--format", "csv") == (0, "tab_name\ncoverage\n", "")
