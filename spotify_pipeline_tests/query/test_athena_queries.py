# ruff: noqa: DTZ001  # Athena's timestamps have no zone
"""Whole queries: what Athena answers is what DuckDB answers, also where only the catalog knows the types."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from spotify_pipeline.query.translator import to_duckdb
from spotify_pipeline_tests.query.conftest import Ask, Cases

# Of the row with values in the table `data`.
EXPRESSIONS: Cases = [
    ("a / b", 3),
    ("-a / b", -3),
    ("a / x", 2.8),
    ("x / b", 1.25),
    ("x / 0", math.inf),
    ("dec / b", Decimal("0.75")),
    ("100.0 * a / b", Decimal("350.0")),
    ("a % b", 1),
    ("a - b", 5),
    ("ts - TIMESTAMP '2024-01-31 10:00:00'", timedelta(minutes=20, seconds=30)),
    ("d - DATE '2024-01-01'", timedelta(days=30)),
    ("d + INTERVAL '1' MONTH", date(2024, 2, 29)),
    ("date_add('day', a, d)", date(2024, 2, 7)),
    ("date_trunc('month', d)", date(2024, 1, 1)),
    ("date_trunc('month', ts)", datetime(2024, 1, 1)),
    ("CAST(x AS integer)", 3),
    ("CAST(a AS varchar)", "7"),
    ("CAST(dec AS varchar)", "1.50"),
    ("CAST(d AS varchar)", "2024-01-31"),
    ("CAST(a AS double) / b", 3.5),
    ("CAST(x AS decimal(5, 0))", Decimal(3)),
    ("TRY_CAST(s AS integer)", None),
    ("TRY_CAST(s AS date)", None),
    ("CAST(ts AS date)", date(2024, 1, 31)),
    ("json_extract_scalar(j, '$.k[0]')", "v"),
    ("CAST(json_extract(j, '$.k') AS array(varchar))", ["v"]),
    ("CAST(a AS json)", "7"),
    ("round(a, 1)", 7),
    ("round(x)", 3.0),
    ("round(dec, 1)", Decimal("1.50")),
    ("ceil(a)", 7),
    ("sum(x)", 2.5),
    ("sum(dec)", Decimal("1.50")),
    ("sum(a) / b", 3),
    ("sum(a) OVER (ORDER BY id)", 7),
    ("concat_ws('-', s, s)", "Ab-Ab"),
    ("concat_ws('-', split(s, 'b'))", "A-"),
    ("trim(TRAILING 'b' FROM s)", "A"),
    ("substring(s FROM 2)", "b"),
    ("to_hex(md5(to_utf8(s)))", "0E4C46DF226B9C0CB391311C54F28EFE"),
    ("json_format(CAST(l AS json))", "[3,null,1]"),
    ("l[1]", 3),
    ("element_at(l, 9)", None),
    ("array_join(l, '-')", "3-1"),
    ("reduce(l, 0, (total, n) -> total + coalesce(n, 0), total -> total)", 4),
    ("transform(l, n -> n / b)", [1, None, 0]),
    ("try(a / (b - 2))", None),
    ("lag(a, 1, 0) OVER (ORDER BY id)", 0),
]

QUERIES: list[tuple[str, list[tuple[object, ...]]]] = [
    ("SELECT a FROM data ORDER BY a", [(7,), (None,)]),
    ("SELECT a FROM data ORDER BY a DESC", [(7,), (None,)]),
    ("SELECT a FROM data ORDER BY 1 ASC NULLS FIRST", [(None,), (7,)]),
    ("SELECT id FROM data ORDER BY id OFFSET 1 LIMIT 1", [(2,)]),
    ("SELECT id FROM data ORDER BY id OFFSET 1 ROW FETCH FIRST 1 ROW ONLY", [(2,)]),
    ("SELECT id FROM data ORDER BY id FETCH FIRST ROW ONLY", [(1,)]),
    ("SELECT id FROM data ORDER BY id LIMIT ALL", [(1,), (2,)]),
    ("SELECT DISTINCT a IS NULL FROM data ORDER BY 1", [(False,), (True,)]),
    ("SELECT id AS other, -id AS id FROM data ORDER BY id + 0", [(2, -2), (1, -1)]),
    ("SELECT -id AS id FROM data WHERE id > 1", [(-2,)]),
    ("SELECT id, count(*) FROM data GROUP BY 1 HAVING id > 1", [(2, 1)]),
    ("SELECT id - 1 AS less FROM data GROUP BY id - 1 ORDER BY less", [(0,), (1,)]),
    ("SELECT id, count(*) FROM data GROUP BY ROLLUP (id) ORDER BY 1", [(1, 1), (2, 1), (None, 2)]),
    ("SELECT id, grouping(id) FROM data GROUP BY GROUPING SETS ((id), ()) ORDER BY 1", [(1, 0), (2, 0), (None, 1)]),
    ("SELECT count(*) FROM data GROUP BY CUBE (id) ORDER BY 1", [(1,), (1,), (2,)]),
    ("SELECT 1 UNION SELECT 1", [(1,)]),
    ("SELECT 1 UNION ALL SELECT 1", [(1,), (1,)]),
    ("SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 3 ORDER BY 1", [(1,)]),
    ("(SELECT 1) EXCEPT (SELECT 1)", []),
    ("VALUES (1, 'a'), (2, 'b')", [(1, "a"), (2, "b")]),
    ("VALUES ROW(1, 'a'), ROW(2, 'b')", [(1, "a"), (2, "b")]),
    ("SELECT y FROM (VALUES (1, 'a')) AS t(x, y)", [("a",)]),
    ("SELECT 1 WHERE 1 IN (VALUES 1, 2)", [(1,)]),
    ("WITH one(n) AS (SELECT id FROM data), two AS (SELECT n + 1 AS m FROM one) SELECT max(m) FROM two", [(3,)]),
    ("SELECT id, u.a FROM data AS t JOIN data AS u USING (id) WHERE t.a = 7", [(1, 7)]),
    (
        "SELECT id, z.m FROM data AS t JOIN (VALUES (1, 5)) AS z(k, m) ON z.k = t.id JOIN data AS u USING (id)",
        [(1, 5)],
    ),
    ("SELECT id, z.k FROM data AS t JOIN data AS u USING (id) JOIN (VALUES 2) AS z(k) ON z.k = u.b", [(1, 2)]),
    ("SELECT t.id, u.id FROM data t LEFT JOIN data u ON t.a = u.a ORDER BY 1", [(1, 1), (2, None)]),
    ("SELECT count(*) FROM data, data AS u CROSS JOIN (SELECT 1) AS v", [(4,)]),
    ("SELECT (SELECT max(id) FROM data)", [(2,)]),
    ("SELECT id FROM data t WHERE EXISTS (SELECT 1 FROM data u WHERE u.a = t.a)", [(1,)]),
    ('SELECT "ID", Data.iD AS "two words" FROM DATA WHERE id = 1', [(1, 1)]),
    ("SELECT id FROM AwsDataCatalog.main.data WHERE id = 1", [(1,)]),
    ("SELECT t.*, t.id FROM (SELECT id FROM data) AS t WHERE id = 1", [(1, 1)]),
    ("SELECT u.c, u.b FROM (VALUES (ARRAY[1], ARRAY[2])) AS t(b, c) CROSS JOIN UNNEST(b, c) AS u(c, b)", [(1, 2)]),
    ("SELECT n FROM UNNEST(ARRAY[1, 2]) AS t(n) ORDER BY n", [(1,), (2,)]),
    ("SELECT * FROM UNNEST(ARRAY[1])", [(1,)]),
    ("SELECT id, n FROM data CROSS JOIN UNNEST(l) AS t(n) ORDER BY n", [(1, 1), (1, 3), (1, None)]),
    ("SELECT id, n FROM data LEFT JOIN UNNEST(l) AS t(n) ON true WHERE id = 2", [(2, None)]),
    (
        "SELECT v, w, n FROM data, UNNEST(l, ARRAY['p']) WITH ORDINALITY AS t(v, w, n) WHERE id = 1 ORDER BY n",
        [(3, "p", 1), (None, None, 2), (1, None, 3)],
    ),
    ("SELECT k, v FROM UNNEST(map(ARRAY['a'], ARRAY[1])) AS t(k, v)", [("a", 1)]),
    ("SELECT n, c FROM UNNEST(ARRAY[ROW(1, 'a'), ROW(2, 'b')]) AS t(n, c) ORDER BY n", [(1, "a"), (2, "b")]),
    ("SELECT id, c FROM data CROSS JOIN UNNEST(zip(l, ARRAY['a'])) AS t(n, c) WHERE id = 2", []),
    ("SELECT n, c FROM data LEFT JOIN UNNEST(zip(l, ARRAY['a'])) AS t(n, c) ON true WHERE id = 2", [(None, None)]),
    ("SELECT n, c FROM UNNEST(zip(ARRAY[1, 2], ARRAY['a'])) AS t(n, c) ORDER BY n", [(1, "a"), (2, None)]),
    ("SELECT 1 UNION SELECT 2.5 ORDER BY 1", [(Decimal("1.0"),), (Decimal("2.5"),)]),
    ("SELECT 1 WHERE 1 IN (NULL, 1.0) AND NULL IS DISTINCT FROM 'a' AND DATE '2024-01-01' < now()", [(1,)]),
    ("SELECT (SELECT count(*) FROM data) / 4", [(0,)]),
    ("SELECT 1 WHERE 1 = ANY (SELECT 1e0)", [(1,)]),
    ("SELECT CASE WHEN NULL THEN 1 ELSE 2.5 END, coalesce(NULL, 'a'), if(NULL, 1)", [(Decimal("2.5"), "a", None)]),
    ("VALUES (1, NULL), (NULL, 'a')", [(1, None), (None, "a")]),
    ("SELECT a + 1 AS b FROM main.data AS d WHERE b > 1", [(8,)]),
    ("SELECT b + 1 AS b FROM data GROUP BY b HAVING b > 1 ORDER BY b", [(3,)]),
    ("WITH x AS (SELECT *, 8 AS z FROM data) SELECT a + 1 AS z FROM x WHERE z > 7 AND id = 1", [(8,)]),
    ("WITH data AS (SELECT a AS z FROM data WHERE a > 1) SELECT z FROM data WHERE z > 1", [(7,)]),
    ("SELECT n AS m, -n AS o FROM UNNEST(ARRAY[5, 6]) WITH ORDINALITY AS t(n, o) WHERE o = 1", [(5, -5)]),
    ("SELECT id AS z FROM data WHERE EXISTS (SELECT a AS id FROM (VALUES 1) AS u(q) WHERE id = 1)", [(1,)]),
    ("SELECT (SELECT max(k) FROM (VALUES 0) AS u(k) WHERE k < id) AS k FROM data", [(0,), (0,)]),
    ("SELECT transform(ARRAY[1], z -> z + q) AS z FROM (SELECT 1 AS q)", [([2],)]),
    ("SELECT x.a AS x FROM (SELECT CAST(ROW(1) AS ROW(a integer)) AS x) AS q WHERE x.a = 1", [(1,)]),
    ("SELECT a / b -- a comment; with a semicolon\nFROM data WHERE id = 1;", [(3,)]),
]


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_types_that_only_the_catalog_knows_are_respected(ask: Ask, expression: str, expected: object) -> None:
    answer = ask(of_the_first_row(expression))

    assert repr(answer) == repr([(expected,)])


def of_the_first_row(expression: str) -> str:
    """The statement that asks for an expression's value."""
    grouped = " GROUP BY b" if expression.startswith("sum") and "OVER" not in expression else ""
    return f"SELECT {expression} FROM data WHERE id = 1{grouped}"


@pytest.mark.parametrize(("sql", "expected"), QUERIES)
def test_a_query_has_the_answer_of_athena(ask: Ask, sql: str, expected: list[tuple[object, ...]]) -> None:
    assert ask(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SHOW TABLES", [("data",)]),
        ("SHOW TABLES IN main", [("data",)]),
        (
            "SHOW COLUMNS IN main.data",
            [(name,) for name in ("id", "a", "b", "x", "s", "d", "ts", "l", "j", "dec", "flag")],
        ),
    ],
)
def test_show_lists_tables_and_columns(ask: Ask, sql: str, expected: list[tuple[str]]) -> None:
    assert ask(sql) == expected


def test_describe_names_types_as_athena_does(ask: Ask) -> None:
    types = {name: kind for name, kind, _comment in ask("DESCRIBE data")}

    assert [types[name] for name in ("id", "x", "s", "d", "ts", "l")] == [
        "int",
        "double",
        "string",
        "date",
        "timestamp",
        "array<int>",
    ]


def test_columns_without_a_name_are_numbered_as_in_athena() -> None:
    with duckdb.connect() as connection:
        columns = (
            connection.execute(to_duckdb("SELECT 1, 'a' AS b, upper('c'), (d) FROM (SELECT 1 AS d)")).description or []
        )

    assert [column[0] for column in columns] == ["_col0", "b", "_col2", "d"]


def test_times_with_a_zone_are_in_utc(value: Callable[[str], Any]) -> None:
    assert value("from_iso8601_timestamp('2024-05-17T10:20:30.5Z')") == datetime(2024, 5, 17, 10, 20, 30, 500000, UTC)
    assert value("TIMESTAMP '2024-05-17 10:20:30 UTC'") == datetime(2024, 5, 17, 10, 20, 30, tzinfo=UTC)
