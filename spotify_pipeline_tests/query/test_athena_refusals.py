# Athena's timestamps have no zone
"""What fails in Athena fails here, and what is not supported is refused in one sentence."""

import duckdb
import pytest

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator import to_duckdb
from spotify_pipeline_tests.query.conftest import Ask

FAILURES = [
    "1 / 0",
    "a / (b - 2) FROM data",
    "1 % 0",
    "1.5 / 0",
    "ARRAY[1][2]",
    "ARRAY[1][0]",
    "l[4] FROM data",
    "element_at(l, 0) FROM data",
    "map(ARRAY['a'], ARRAY[1])['b']",
    "slice(ARRAY[1], 0, 1)",
    "slice(ARRAY[1], 1, -1)",
    "sequence(1, 5, -1)",
    "split_part('a', ',', 0)",
    "CAST('1.5' AS integer)",
    "CAST(s AS integer) FROM data",
    "CAST('2024/01/05' AS date)",
    "CAST(json_parse('[1]') AS varchar)",
    "json_parse('no json')",
    "date_parse('x', '%Y')",
    "CAST(300 AS tinyint)",
]

# What Athena says of a query before it reads any table, and the text alone shows.
MISTYPED = [
    ("SELECT 1 = '1'", "number and varchar together"),
    ("SELECT id FROM data WHERE length(s) > '1'", "number and varchar together"),
    ("SELECT 1 IN (2, '1')", "number and varchar together"),
    ("SELECT 1 IN (SELECT '1')", "number and varchar together"),
    ("SELECT '1' = ANY (SELECT count(*) FROM data)", "varchar and number together"),
    ("SELECT (SELECT 1 AS one) = '1'", "number and varchar together"),
    ("SELECT 1 BETWEEN '0' AND '2'", "number and varchar together"),
    ("SELECT 1 IS DISTINCT FROM '1'", "number and varchar together"),
    ("SELECT true = 1", "boolean and number together"),
    ("SELECT current_date > '2024-01-01'", "date or timestamp and varchar together"),
    ("SELECT CASE 1 WHEN '1' THEN 2 END", "number and varchar together"),
    ("SELECT CASE WHEN true THEN 1 ELSE 'a' END", "number and varchar together"),
    ("SELECT if(true, 2, 'a')", "number and varchar together"),
    ("SELECT coalesce(a, 1, 'a') FROM data", "number and varchar together, as in 'coalesce'"),
    ("SELECT nullif(1, '1')", "number and varchar together, as in 'nullif'"),
    ("SELECT greatest(1, '2')", "number and varchar together, as in 'greatest'"),
    ("SELECT ARRAY[1, '2']", "number and varchar together"),
    ("SELECT 1 UNION SELECT '1'", "number and varchar together"),
    ("(SELECT 1, 2) EXCEPT (SELECT 1, 2 UNION SELECT 1, true)", "number and boolean together"),
    ("VALUES (1, 2), (1, '2')", "number and varchar together"),
    ("SELECT 'a' || 1", "joins texts"),
    ("SELECT 1 || 2", "joins texts"),
    ("SELECT concat('a', 1)", "varchar and number together, as in 'concat'"),
    ("SELECT '2' * 2", "cannot calculate"),
    ("SELECT '2' + a FROM data", "cannot calculate"),
    ("SELECT DATE '2024-01-01' + 1", "cannot calculate"),
    ("SELECT DATE '2024-01-01' / 2", "cannot calculate"),
    ("SELECT 1 WHERE 1", "unlike '1', which is integer"),
    ("SELECT 1 FROM data HAVING count(*)", "which is integer"),
    ("SELECT 1 FROM data AS t JOIN data AS u ON 1", "which is integer"),
    ("SELECT count(*) FILTER (WHERE 'true') FROM data", "which is varchar"),
    ("SELECT NOT 1", "which is integer"),
    ("SELECT flag OR 1 FROM data", "which is integer"),
    ("SELECT CASE WHEN 1 THEN 2 END", "which is integer"),
    ("SELECT if(1, 2)", "which is integer"),
    ("SELECT 1 LIMIT 1.5", "whole number, unlike '1.5'"),
    ("SELECT 1 LIMIT 1 + 1", "whole number, unlike '1 + 1'"),
    ("SELECT 1 OFFSET '1'", "whole number, unlike"),
    ("SELECT 1 FETCH FIRST 1.5 ROWS ONLY", "whole number, unlike '1.5'"),
]


@pytest.mark.parametrize("expression", FAILURES)
def test_what_fails_in_athena_fails_here(ask: Ask, expression: str) -> None:
    with pytest.raises(duckdb.Error):
        ask(f"SELECT {expression}")


@pytest.mark.parametrize(
    "expression",
    [
        "CAST(x AS varchar) FROM data",
        "CAST(ts AS varchar) FROM data",
        "CAST(l AS varchar) FROM data",
        "CAST(ts AS json) FROM data",
        "avg(dec) FROM data",
        "approx_percentile(dec, 0.5) FROM data",
        "approx_percentile(s, 0.5) FROM data",
        "d - d FROM data",
        "ts - d FROM data",
        "array_join(ARRAY[1.5e0], ',')",
        "from_iso8601_timestamp('2024-05-17T10:20:30+02:00')",
        "from_iso8601_date('2024-W10')",
        "TRY_CAST('2024-05-17 10:20:30 Europe/Berlin' AS timestamp with time zone)",
    ],
)
def test_what_cannot_be_answered_fails_once_the_types_are_known(ask: Ask, expression: str) -> None:
    with pytest.raises(duckdb.Error, match="support"):
        ask(f"SELECT {expression}")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 'abc", "' that opens before line 1, column 7 is never closed"),
        ("SELECT 1\nFROM", "line 2, column 1, at or just after 'FROM'"),
        ("SELECT a b c FROM data", "line 1, column 12, at or just after 'c'"),
        ("SELECT (1", "syntax error at line 1"),
        ("SELECT a::integer FROM data", "line 1, column 9, at or just after '::'"),
        ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "nested too deeply"),
        ("SELECT " + "a / " * 12 + "a FROM data", "Too many operations"),
        ("", "no SQL statement"),
        (" ; ", "no SQL statement"),
        ("SELECT 1; SELECT 2", "several SQL statements"),
        ("INSERT INTO data VALUES (1)", "begins with INSERT"),
        ("DELETE FROM data", "begins with DELETE"),
        ("CREATE TABLE x AS SELECT 1", "begins with CREATE"),
        ("DROP TABLE data", "begins with DROP"),
        ("COPY data TO 'x.csv'", "begins with COPY"),
        ("ATTACH 'x.db'", "begins with ATTACH"),
        ("PRAGMA database_list", "begins with PRAGMA"),
        ("SET threads = 1", "begins with SET"),
        ("INSTALL httpfs", "begins with INSTALL"),
        ("LOAD httpfs", "begins with LOAD"),
        ("EXPLAIN SELECT 1", "begins with EXPLAIN"),
        ("CALL pragma_version()", "begins with CALL"),
        ("FROM data", "begins with FROM"),
        ("WITH x AS (SELECT 1) INSERT INTO data SELECT * FROM x", "Only a query can run"),
        ("(1)", "Only a query can run"),
        ("SELECT FROM data", "names no columns"),
        ("SELECT date(SELECT 1)", "stands in brackets"),
        ("SELECT a FROM data GROUP BY", "names no columns"),
        ("SELECT CAST(s AS varchar(\"1) || read_text('x')\")) FROM data", "sizes are not numbers"),
        ("SELECT CAST(a AS decimal(5, \"2) || read_text('x')\")) FROM data", "sizes are not numbers"),
        ("SELECT CAST(a AS map(integer)) FROM data", "type map"),
        ("SELECT data.'a' FROM data", "given by its name"),
        ("WITH x AS (DELETE FROM data) SELECT 1", "does not support"),
        ("SHOW CREATE TABLE data", "SHOW TABLES"),
        ("DESCRIBE 'dir/x.csv'", "not the name of a table"),
        ("SELECT * FROM 'x.csv'", "not the name of a table"),
        ('SELECT * FROM "x.parquet"', "not the name of a table"),
        ('SELECT * FROM "s3://bucket/*"', "not the name of a table"),
        ('SELECT * FROM main."x.parquet"', "not the name of a table"),
        ("SELECT * FROM read_csv('x.csv')", "not the name of a table"),
        ("SELECT * FROM \"read_csv\"('x.csv')", "not the name of a table"),
        ("SELECT * FROM TABLE(read_csv('x.csv'))", "not the name of a table"),
        ("SELECT * FROM data, LATERAL (SELECT 1)", "does not support"),
        ("SELECT * FROM duckdb_settings", "cannot be read"),
        ("SELECT * FROM information_schema.tables", "cannot be read"),
        ("SELECT * FROM sqlite_master", "cannot be read"),
        ("SELECT * FROM other.main.data", "catalog other is not known"),
        ("SELECT getenv('HOME')", "function getenv"),
        ("SELECT query('SELECT 1')", "function query"),
        ("SELECT list_transform(l, x -> x) FROM data", "function list_transform"),
        ("SELECT read_text('x')", "function read_text"),
        ("SELECT system.read_text('x')", "does not support"),
        ("SELECT unnest(l) FROM data", "function unnest"),
        ("SELECT typeof(a) FROM data", "function typeof"),
        ("SELECT normalize('a')", "function normalize"),
        ("SELECT lower('a', 'b')", "not supported with 2 arguments"),
        ("SELECT lower(DISTINCT s) FROM data", "not supported with DISTINCT"),
        ("SELECT lower(s ORDER BY s) FROM data", "not supported with ORDER BY"),
        ("SELECT max(a) IGNORE NULLS OVER () FROM data", "not supported with IGNORE NULLS"),
        ("SELECT max(a, b) FROM data", "whole number above 0"),
        ("SELECT min(a, 0) FROM data", "whole number above 0"),
        ("SELECT max_by(s, a, NULL) FROM data", "whole number above 0"),
        ("SELECT approx_percentile(a, 50) FROM data", "number from 0 to 1"),
        ("SELECT approx_percentile(a, x) FROM data", "number from 0 to 1"),
        ("SELECT lower(s) OVER () FROM data", "neither FILTER nor OVER"),
        ("SELECT count(*) FILTER (WHERE a > 1) OVER () FROM data", "no FILTER before OVER"),
        ("SELECT _col1 FROM (SELECT 1, 2)", "name it with AS"),
        ("SELECT u.id FROM data AS t JOIN data AS u USING (id)", "After USING, Athena does not know 'u.id'"),
        ("SELECT 1 FROM data AS t JOIN data USING (id, a) WHERE Data.A > 1", "does not know 'Data.A'"),
        ("SELECT t.* FROM data AS t JOIN data AS u USING (id)", "does not know 't.*'"),
        ("SELECT 1 FROM data t JOIN data u USING (id) JOIN data z ON z.a = u.id", "does not know 'u.id'"),
        ("SELECT greatest(*) FROM data", "Only count takes a star"),
        ("SELECT lower(s AS x) FROM data", "Only an output column can be named"),
        ("SELECT * EXCEPT (a) FROM data", "EXCEPT"),
        ("SELECT DISTINCT ON (a) a FROM data", "ON"),
        ("SELECT a FROM data TABLESAMPLE BERNOULLI (10)", "SAMPLE"),
        ("SELECT a INTO x FROM data", "INTO"),
        ("SELECT a FROM data FOR VERSION AS OF 1", "VERSION"),
        ("SELECT * FROM data NATURAL JOIN data AS u", "NATURAL"),
        ("SELECT * FROM data LEFT SEMI JOIN data AS u ON true", "SEMI"),
        ("SELECT a FROM data FETCH FIRST ROW WITH TIES", "TIES"),
        ("WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x", "RECURSIVE"),
        ("SELECT s ILIKE 'a' FROM data", "ILIKE"),
        ("SELECT a ^ b FROM data", "does not support"),
        ("SELECT (a, b) = (1, 2) FROM data", "does not support"),
        ("SELECT ARRAY[a] = ARRAY[1] FROM data", "cannot be compared"),
        ("SELECT ROW(a) IN (ROW(1)) FROM data", "cannot be compared"),
        ("SELECT flag IS TRUE FROM data", "IS NULL"),
        ("SELECT 'a' 'b'", "does not support"),
        ("SELECT x'00'", "does not support"),
        ("SELECT ?", "does not support"),
        ("SELECT CAST(a AS uuid) FROM data", "type uuid"),
        ("SELECT CAST(a AS char(3)) FROM data", "type char(3)"),
        ("SELECT CAST(x AS timestamp(9)) FROM data", "type timestamp(9)"),
        ("SELECT CAST(1e0 AS varchar)", "type double"),
        ("SELECT CAST(l AS array(varchar)) FROM data", "CAST to array"),
        ("SELECT try(CAST(a AS varchar)) FROM data", "inside try"),
        ("SELECT CAST(ROW(1) AS ROW(integer))", "each of its fields has a name"),
        ("SELECT CAST(ROW(1) AS ROW(a integer, b integer))", "as many values"),
        ("SELECT TRY_CAST(ARRAY['1', 'x'] AS array(integer))", "single values"),
        ("SELECT TIMESTAMP '2024-01-05 10:20:30.1234567'", "finer than microseconds"),
        ("SELECT array_join('a', ',')", "takes an array"),
        ("SELECT sequence(d, d, 2 * INTERVAL '1' DAY) FROM data", "as a literal"),
        ("SELECT l[1, 2] FROM data", "one position or key"),
        ("SELECT 1 = ANY (ARRAY[1])", "takes a query"),
        ("SELECT CASE WHEN true THEN 1 END OVER ()", "Only a call of a function"),
        ("SELECT s ILIKE 'a' ESCAPE '$' FROM data", "belongs to LIKE"),
        ('SELECT transform(l, "x: y" -> 1) FROM data', "plain words"),
        ("SELECT /* comment", "never closed"),
        ("SELECT INTERVAL '1-2' YEAR TO MONTH", "whole number and one unit"),
        ("SELECT INTERVAL '1' WEEK", "whole number and one unit"),
        ("SELECT ts AT TIME ZONE 'UTC' FROM data", "AT TIME ZONE"),
        ("SELECT EXTRACT(EPOCH FROM ts) FROM data", "EXTRACT"),
        ("SELECT date_trunc('century', d) FROM data", "'century'"),
        ("SELECT date_diff('hour', DATE '2024-01-01', DATE '2024-01-02')", "for timestamps"),
        ("SELECT date_diff(s, d, d) FROM data", "literal as argument 1"),
        ("SELECT day(now() - ts) FROM data", "not supported for intervals"),
        ("SELECT date_format(d, '%D') FROM data", "'%D'"),
        ("SELECT date_parse(s, '%y') FROM data", "'%y'"),
        ("SELECT format_datetime(d, 'G') FROM data", "'G'"),
        ("SELECT parse_datetime(s, 'ZZ') FROM data", "'ZZ'"),
        ("SELECT json_extract(s, '$[*]') FROM data", "JSON path"),
        ("SELECT json_extract(s, 'lax $.a') FROM data", "JSON path"),
        ("SELECT regexp_replace(s, '(?<x>a)', '${x}') FROM data", "groups $0 to $9"),
        ("SELECT regexp_replace(s, '(a)', x -> upper(x[1])) FROM data", "literal as argument 3"),
        ("SELECT replace(s, '', 'x') FROM data", "empty text"),
        ("SELECT array_sort(l, (x, y) -> 1) FROM data", "not supported with 2 arguments"),
        ("SELECT reduce(l, 0, (s, x) -> s, 1) FROM data", "lambda with 1 parameters"),
        ("SELECT n FROM data, UNNEST(l, l) AS t(n)", "do not fit"),
        *MISTYPED,
    ],
)
def test_what_is_not_supported_is_refused_in_one_sentence(sql: str, reason: str) -> None:
    with pytest.raises(QueryError) as refusal:
        to_duckdb(sql)

    message = str(refusal.value)
    assert reason in message
    assert "\x1b" not in message
    assert "\n" not in message


def test_no_table_function_of_duckdb_can_be_called() -> None:
    with duckdb.connect() as connection:
        names = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE function_type IN ('table', 'table_macro', 'pragma')"
        ).fetchall()

    for (name,) in set(names) - {("unnest",)}:
        with pytest.raises(QueryError):
            to_duckdb(f"SELECT * FROM {name}('x')")
