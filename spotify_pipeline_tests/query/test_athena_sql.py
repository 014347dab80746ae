# ruff: noqa: DTZ001  # Athena's timestamps have no zone
"""Athena SQL on DuckDB: what Athena (Trino) documents as the answer is what DuckDB gives for the translation."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import zip_longest
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.athena.functions import FUNCTIONS
from spotify_pipeline.query.athena_sql import CONNECTION_SETTINGS, to_duckdb

Cases = list[tuple[str, object]]
Ask = Callable[[str], list[tuple[Any, ...]]]

# One row with values, one of nulls, so that nothing is known of the types from the text of a query alone.
DATA = """
CREATE TABLE data AS SELECT * FROM (VALUES
    (1, 7, 2, CAST(2.5 AS DOUBLE), 'Ab', DATE '2024-01-31', TIMESTAMP '2024-01-31 10:20:30', [3, NULL, 1],
     CAST('{"k": ["v"]}' AS JSON), CAST(1.5 AS DECIMAL(5, 2)), true),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t(id, a, b, x, s, d, ts, l, j, dec, flag)
"""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with duckdb.connect() as connection:
        for setting in CONNECTION_SETTINGS:
            connection.execute(setting)
        connection.execute("SET threads = 1")
        connection.execute(DATA)
        yield lambda sql: connection.execute(to_duckdb(sql)).fetchall()


@pytest.fixture(scope="module")
def value(ask: Ask) -> Callable[[str], Any]:
    return lambda expression: ask(f"SELECT {expression}")[0][0]


OPERATORS: Cases = [
    ("7 / 2", 3),
    ("-7 / 2", -3),
    ("7 / -2", -3),
    ("7 % 2", 1),
    ("-7 % 2", -1),
    ("7 % -2", 1),
    ("7e0 / 2", 3.5),
    ("7 / 2e0", 3.5),
    ("1e0 / 0", math.inf),
    ("-1e0 / 0", -math.inf),
    ("0e0 / 0", math.nan),
    ("7.5 / 2", Decimal("3.8")),
    ("1.0 / 3", Decimal("0.3")),
    ("100.0 * 1 / 3", Decimal("33.3")),
    ("-1.00 / 8", Decimal("-0.13")),
    ("count(*) / 2", 0),
    ("1 + 2 * 3 - 4", 3),
    ("'a' || 'b'", "ab"),
    ("'a' || NULL", None),
    ("ARRAY[1] || ARRAY[2]", [1, 2]),
    ("ARRAY[1] || 2", [1, 2]),
    ("0 || ARRAY[1]", [0, 1]),
    ("DATE '2024-01-01' + INTERVAL '1' DAY - DATE '2023-12-31'", timedelta(days=2)),
    ("INTERVAL '1' DAY + INTERVAL '2' HOUR > INTERVAL '1' DAY", True),
    ("'b' > 'B'", True),
    ("'A' = 'a'", False),
    ("NULL = NULL", None),
    ("1 IS DISTINCT FROM NULL", True),
    ("NULL IS NOT DISTINCT FROM NULL", True),
    ("1 IN (1, NULL)", True),
    ("2 IN (1, NULL)", None),
    ("2 NOT IN (1)", True),
    ("5 BETWEEN 1 AND 5", True),
    ("5 NOT BETWEEN 1 AND 4", True),
    ("'a_b' LIKE 'a$_b' ESCAPE '$'", True),
    ("'axb' LIKE 'a$_b' ESCAPE '$'", False),
    ("'abc' NOT LIKE '%B%'", True),
    ("NOT true OR NULL", None),
    ("NULL IS NULL", True),
    ("1 > ALL (SELECT 0)", True),
    ("1 = ANY (SELECT 0)", False),
    ("EXISTS (SELECT 1 WHERE false)", False),
    ("CASE WHEN false THEN 1 END", None),
    ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE 'c' END", "b"),
    ("if(1 > 2, 'a', 'b')", "b"),
    ("if(1 > 2, 'a')", None),
    ("coalesce(NULL, 2)", 2),
    ("nullif(1, 1)", None),
    ("try(1 / 0)", None),
    ("try(CAST('x' AS integer))", None),
    ("try(ARRAY[1][2])", None),
    ("try(json_extract_scalar('[1]', '$[0]'))", "1"),
    ("ROW(1, 'a')[2]", "a"),
    ("CAST(ROW(1, 'a') AS ROW(n integer, c varchar)).c", "a"),
    ("1.50", Decimal("1.50")),
    ("1e1", 10.0),
]

NUMBERS: Cases = [
    ("abs(-2)", 2),
    ("round(acos(1e0) + asin(0e0) + atan(0e0) + atan2(0e0, 1e0), 3)", 0.0),
    ("ceil(7 / 2)", 3),
    ("ceiling(7.2)", Decimal(8)),
    ("floor(-7.5e0)", -8.0),
    ("cos(0e0) + sin(0e0) + tan(0e0)", 1.0),
    ("degrees(pi())", 180.0),
    ("radians(180e0) = pi()", True),
    ("e()", math.e),
    ("exp(0)", 1.0),
    ("greatest(1, 3, 2)", 3),
    ("greatest(1, NULL)", None),
    ("least('b', 'a')", "a"),
    ("least(NULL, 1)", None),
    ("infinity()", math.inf),
    ("nan()", math.nan),
    ("is_nan(nan())", True),
    ("is_finite(1e0)", True),
    ("is_infinite(infinity())", True),
    ("ln(1)", 0.0),
    ("log(2, 8)", 3.0),
    ("log10(100)", 2.0),
    ("log2(8)", 3.0),
    ("mod(-7, 3)", -1),
    ("pow(2, 3)", 8.0),
    ("power(2, -1)", 0.5),
    ("round(2.5)", Decimal(3)),
    ("round(-2.5e0)", -3.0),
    ("round(15, -1)", 20),
    ("round(2.675e0, 2)", 2.68),
    ("round(2.456, 2)", Decimal("2.460")),
    ("sign(-2)", -1),
    ("sign(2.5e0)", 1.0),
    ("sqrt(9)", 3.0),
    ("truncate(-2.7e0)", -2.0),
]

TEXTS: Cases = [
    ("chr(233)", "é"),
    ("codepoint('é')", 233),
    ("concat('a', 'b', 'c')", "abc"),
    ("concat('a', NULL)", None),
    ("concat(ARRAY[1], ARRAY[2])", [1, 2]),
    ("hamming_distance('abc', 'abd')", 1),
    ("levenshtein_distance('kitten', 'sitting')", 3),
    ("length('été')", 3),
    ("lower('ÀB')", "àb"),
    ("upper('àb')", "ÀB"),
    ("lpad('abc', 2, 'x')", "ab"),
    ("rpad('a', 3, 'xy')", "axy"),
    ("ltrim(chr(9) || ' a ')", "a "),
    ("rtrim(' a ' || chr(10))", " a"),
    ("trim(chr(9) || ' a ' || chr(8195))", "a"),
    ("position('b' IN 'abc')", 2),
    ("strpos('abc', 'x')", 0),
    ("replace('abab', 'a', 'x')", "xbxb"),
    ("replace('abab', 'a')", "bb"),
    ("reverse('abc')", "cba"),
    ("reverse(ARRAY[1, 2])", [2, 1]),
    ("split('a,b,', ',')", ["a", "b", ""]),
    ("split_part('a,b', ',', 2)", "b"),
    ("split_part('a,b', ',', 3)", None),
    ("starts_with('abc', 'ab')", True),
    ("substr('abcde', 2, 3)", "bcd"),
    ("substr('abcde', -2)", "de"),
    ("substr('abcde', 0)", ""),
    ("substr('abcde', -6, 3)", ""),
    ("substr('abcde', 2, -1)", ""),
    ("substring('abcde', 3)", "cde"),
    ("translate('abc', 'ab', 'x')", "xc"),
    ("'it''s'", "it's"),
    (r"regexp_like('a12', '\d+')", True),
    (r"regexp_extract('a12', '\d+')", "12"),
    (r"regexp_extract('a12', '([a-z])(\d+)', 2)", "12"),
    ("regexp_extract('abc', 'x')", None),
    ("regexp_extract('b', '(a)?b', 1)", None),
    (r"regexp_extract_all('a1b2', '([a-z])\d', 1)", ["a", "b"]),
    ("regexp_extract_all('abc', 'x')", []),
    (r"regexp_replace('a1b2', '(\d)', '<$1>')", "a<1>b<2>"),
    (r"regexp_replace('a.b', '\.', '\$')", "a$b"),
    (r"regexp_replace('a.b', '\.', '\\')", "a\\b"),
    (r"regexp_replace('a1b2', '\d')", "ab"),
    ("regexp_count('banana', 'a')", 3),
    (r"regexp_split('a1b22c', '\d')", ["a", "b", "", "c"]),
]

TIMES: Cases = [
    ("DATE '2024-01-31' + INTERVAL '1' MONTH", date(2024, 2, 29)),
    ("DATE '2024-01-31' - INTERVAL '1' DAY", date(2024, 1, 30)),
    ("INTERVAL '2' YEAR + DATE '2024-02-29'", date(2026, 2, 28)),
    ("DATE '2024-01-01' + 2 * INTERVAL '1' DAY", date(2024, 1, 3)),
    ("TIMESTAMP '2024-01-31 10:00:00' - INTERVAL '90' MINUTE", datetime(2024, 1, 31, 8, 30)),
    ("DATE '2024-01-05' - DATE '2024-01-01'", timedelta(days=4)),
    ("TIMESTAMP '2024-01-02 00:00:00' - DATE '2024-01-01'", timedelta(days=1)),
    ("TIMESTAMP '2024-01-01 10:20:30.5'", datetime(2024, 1, 1, 10, 20, 30, 500000)),
    ("date_add('day', -1, DATE '2024-03-01')", date(2024, 2, 29)),
    ("date_add('month', 1, DATE '2024-01-31')", date(2024, 2, 29)),
    ("date_add('quarter', 1, DATE '2024-01-31')", date(2024, 4, 30)),
    ("date_add('hour', 25, TIMESTAMP '2024-01-01 00:00:00')", datetime(2024, 1, 2, 1)),
    ("date_diff('day', TIMESTAMP '2024-01-01 12:00:00', TIMESTAMP '2024-01-02 11:59:59')", 0),
    ("date_diff('day', TIMESTAMP '2024-01-02 11:59:59', TIMESTAMP '2024-01-01 12:00:00')", 0),
    ("date_diff('month', DATE '2024-01-31', DATE '2024-02-29')", 1),
    ("date_diff('month', DATE '2024-01-15', DATE '2024-02-14')", 0),
    ("date_diff('month', DATE '2024-02-14', DATE '2024-01-14')", -1),
    ("date_diff('year', DATE '2020-02-29', DATE '2021-02-28')", 1),
    ("date_diff('week', DATE '2024-01-01', DATE '2024-01-14')", 1),
    ("date_diff('quarter', DATE '2024-01-31', DATE '2024-04-30')", 1),
    ("date_diff('second', DATE '2024-01-01', TIMESTAMP '2024-01-01 00:01:00')", 60),
    ("date_trunc('month', DATE '2024-05-17')", date(2024, 5, 1)),
    ("date_trunc('week', DATE '2024-05-19')", date(2024, 5, 13)),
    ("date_trunc('hour', TIMESTAMP '2024-05-17 10:20:30')", datetime(2024, 5, 17, 10)),
    ("date('2024-05-17')", date(2024, 5, 17)),
    ("date(TIMESTAMP '2024-05-17 23:59:59')", date(2024, 5, 17)),
    ("from_iso8601_date('2024-05-17')", date(2024, 5, 17)),
    ("CAST(from_iso8601_timestamp('2024-05-17T10:20:30Z') AS timestamp)", datetime(2024, 5, 17, 10, 20, 30)),
    ("CAST(from_unixtime(1.5) AS timestamp)", datetime(1970, 1, 1, 0, 0, 1, 500000)),
    ("to_unixtime(TIMESTAMP '1970-01-01 00:00:01.5')", 1.5),
    ("date_format(TIMESTAMP '2024-05-07 17:08:09.5', '%Y-%m-%d %H:%i:%s.%f')", "2024-05-07 17:08:09.500000"),
    (
        "date_format(DATE '2024-05-07', '%W %a %M %b %c %e %j %v %x %y 100%%')",
        "Tuesday Tue May May 5 7 128 19 2024 24 100%",
    ),
    (
        "date_format(TIMESTAMP '2024-05-07 17:08:09', '%h %I %k %l %p %r %T %S')",
        "05 05 17 5 PM 05:08:09 PM 17:08:09 09",
    ),
    ("date_parse('7/5/2024 9', '%d/%c/%Y %k')", datetime(2024, 5, 7, 9)),
    ("date_parse('May 7 2024 05:08 PM', '%b %e %Y %h:%i %p')", datetime(2024, 5, 7, 17, 8)),
    ("format_datetime(TIMESTAMP '2024-05-07 17:08:09.123', 'yyyy-MM-dd''T''HH:mm:ss.SSS')", "2024-05-07T17:08:09.123"),
    (
        "format_datetime(DATE '2024-05-07', 'E EEEE d M MMM MMMM yy D e ww xxxx')",
        "Tue Tuesday 7 5 May May 24 128 2 19 2024",
    ),
    ("format_datetime(TIMESTAMP '2024-05-07 17:08:09', 'h a ''o''''clock''')", "5 PM o'clock"),
    ("CAST(parse_datetime('2024-05-07 17:08', 'yyyy-MM-dd HH:mm') AS timestamp)", datetime(2024, 5, 7, 17, 8)),
    ("day_of_week(DATE '2024-05-19')", 7),
    ("dow(DATE '2024-05-20')", 1),
    ("day_of_year(DATE '2024-02-01') + doy(DATE '2024-02-01')", 64),
    ("day(DATE '2024-02-03') + day_of_month(DATE '2024-02-03')", 6),
    ("week(DATE '2021-01-01')", 53),
    ("week_of_year(DATE '2021-01-04')", 1),
    ("year_of_week(DATE '2021-01-01')", 2020),
    ("yow(DATE '2021-01-04')", 2021),
    ("year(DATE '2024-05-07') / 10 * 10", 2020),
    ("quarter(DATE '2024-05-07')", 2),
    ("month(DATE '2024-05-07')", 5),
    ("hour(TIMESTAMP '2024-05-07 17:08:09.123')", 17),
    ("minute(TIMESTAMP '2024-05-07 17:08:09.123')", 8),
    ("second(TIMESTAMP '2024-05-07 17:08:09.123')", 9),
    ("millisecond(TIMESTAMP '2024-05-07 17:08:09.123')", 123),
    ("EXTRACT(YEAR_OF_WEEK FROM DATE '2021-01-01')", 2020),
    ("last_day_of_month(DATE '2024-02-05')", date(2024, 2, 29)),
    ("hour(TIMESTAMP '2024-07-01 10:00:00' AT TIME ZONE 'Europe/Berlin')", 12),
    ("date(TIMESTAMP '2024-07-01 23:00:00' AT TIME ZONE 'Europe/Berlin')", date(2024, 7, 2)),
    (
        "CAST(date_trunc('day', TIMESTAMP '2024-07-01 23:00:00 UTC' AT TIME ZONE 'Asia/Tokyo') AS date)",
        date(2024, 7, 2),
    ),
    ("now() = current_timestamp AND CAST(localtimestamp AS date) = current_date", True),
    ("date_diff('millisecond', now(), current_timestamp)", 0),
]

CASTS: Cases = [
    ("CAST(2.5 AS integer)", 3),
    ("CAST(-2.5 AS integer)", -3),
    ("CAST(2.5e0 AS integer)", 3),
    ("CAST(-2.5e0 AS bigint)", -3),
    ("CAST('12' AS smallint)", 12),
    ("TRY_CAST('1.5' AS integer)", None),
    ("TRY_CAST('abc' AS double)", None),
    ("TRY_CAST('2024/1/5' AS date)", None),
    ("TRY_CAST('2024' AS date)", None),
    ("TRY_CAST('2024-1-5' AS date)", date(2024, 1, 5)),
    ("TRY_CAST('2024-02-30' AS date)", None),
    ("TRY_CAST('2024-01-05T10:00:00' AS timestamp)", None),
    ("CAST('2024-01-05 10:20' AS timestamp)", datetime(2024, 1, 5, 10, 20)),
    ("CAST('2024-01-05 10:20:30.1235' AS timestamp)", datetime(2024, 1, 5, 10, 20, 30, 124000)),
    ("TRY_CAST('yes' AS boolean)", None),
    ("CAST('T' AS boolean)", True),
    ("CAST(2 AS boolean)", True),
    ("CAST(1.005e0 AS decimal(5, 2))", Decimal("1.01")),
    ("CAST('2.345' AS decimal(5, 2))", Decimal("2.35")),
    ("CAST(2.5 AS decimal)", Decimal(3)),
    ("CAST(1 AS real)", 1.0),
    ("CAST(1.50 AS varchar)", "1.50"),
    ("CAST(true AS varchar)", "true"),
    ("CAST(DATE '2024-01-05' AS varchar)", "2024-01-05"),
    ("CAST('abc' AS varchar(2))", "ab"),
    ("CAST(NULL AS array(integer))", None),
    ("CAST(ARRAY['1', '2'] AS array(integer))", [1, 2]),
    ("CAST(ARRAY[] AS array(integer))", []),
    ("CAST(ROW('1', 2.5) AS ROW(a integer, b integer))", {"a": 1, "b": 3}),
    ("CAST(TIMESTAMP '2024-01-05 23:59:59' AS date)", date(2024, 1, 5)),
    ("CAST(DATE '2024-01-05' AS timestamp)", datetime(2024, 1, 5)),
]

JSONS: Cases = [
    ("""json_extract('{"a": {"b c": [1, 2]}}', '$.a["b c"][1]')""", "2"),
    ("""json_extract('{"a": "x"}', '$.a')""", '"x"'),
    ("json_extract('no json', '$.a')", None),
    ("""json_extract_scalar('{"a": "x"}', '$.a')""", "x"),
    ("""json_extract_scalar('{"a": 1}', '$.a')""", "1"),
    ("""json_extract_scalar('{"a": [1]}', '$.a')""", None),
    ("""json_extract_scalar('{"a": null}', '$.a')""", None),
    ("json_extract_scalar('no json', '$.a')", None),
    ("""json_parse('{"a": 1}')""", '{"a":1}'),
    ("""JSON '[1, 2]'""", "[1,2]"),
    ("json_array_length('[1, 2]')", 2),
    ("""json_array_length('{"a": 1}')""", None),
    ("is_json_scalar('1')", True),
    ("is_json_scalar('[1]')", False),
    ("CAST('a' AS json)", '"a"'),
    ("CAST(ARRAY[1, NULL] AS json)", "[1,null]"),
    ("""CAST(json_parse('"a"') AS varchar)""", "a"),
    ("""CAST(json_parse('null') AS varchar)""", None),
    ("""CAST(json_parse('"12"') AS bigint)""", 12),
    ("CAST(json_parse('2.5') AS integer)", 3),
    ("""TRY_CAST(json_parse('"1.5"') AS integer)""", None),
    ("""CAST(json_parse('["a", null]') AS array(varchar))""", ["a", None]),
    ("""CAST(json_parse('{"a": 1}') AS map(varchar, integer))""", {"a": 1}),
    ("""CAST(json_parse('{"a": 1, "b": "x"}') AS ROW(a integer, b varchar))""", {"a": 1, "b": "x"}),
]

ARRAYS: Cases = [
    ("ARRAY[1, 2][1]", 1),
    ("element_at(ARRAY[1, 2], 3)", None),
    ("element_at(ARRAY[1, 2], -1)", 2),
    ("slice(ARRAY[1, 2, 3, 4], 2, 2)", [2, 3]),
    ("slice(ARRAY[1, 2, 3, 4], -2, 5)", [3, 4]),
    ("slice(ARRAY[1, 2], 3, 1)", []),
    ("slice(ARRAY[1, 2], -3, 3)", []),
    ("cardinality(ARRAY[1, NULL])", 2),
    ("contains(ARRAY[1, 2], 2)", True),
    ("contains(ARRAY[1, 2], 3)", False),
    ("contains(ARRAY[1, NULL], 3)", None),
    ("contains(ARRAY[1, NULL], 1)", True),
    ("array_distinct(ARRAY[2, NULL, 1, 2, NULL])", [2, None, 1]),
    ("array_except(ARRAY[1, 1, 2, NULL], ARRAY[2])", [1, None]),
    ("array_intersect(ARRAY[1, 2, 2, NULL], ARRAY[NULL, 2])", [2, None]),
    ("array_union(ARRAY[2, NULL], ARRAY[NULL, 1, 2])", [2, None, 1]),
    ("arrays_overlap(ARRAY[1, 2], ARRAY[2, NULL])", True),
    ("arrays_overlap(ARRAY[1], ARRAY[2])", False),
    ("arrays_overlap(ARRAY[1], ARRAY[NULL])", None),
    ("array_join(ARRAY['a', NULL, 'b'], '-')", "a-b"),
    ("array_join(ARRAY[1, NULL], '-', '?')", "1-?"),
    ("array_max(ARRAY[1, 3, 2])", 3),
    ("array_max(ARRAY[1, NULL])", None),
    ("array_min(ARRAY[2, 1])", 1),
    ("array_position(ARRAY['a', 'b'], 'b')", 2),
    ("array_position(ARRAY['a', 'b'], 'c')", 0),
    ("array_remove(ARRAY[1, NULL, 2], 1)", [None, 2]),
    ("array_sort(ARRAY[3, NULL, 1])", [1, 3, None]),
    ("flatten(ARRAY[ARRAY[1], NULL, ARRAY[2, NULL]])", [1, 2, None]),
    ("repeat('a', 3)", ["a", "a", "a"]),
    ("sequence(1, 4)", [1, 2, 3, 4]),
    ("sequence(3, 1)", [3, 2, 1]),
    ("sequence(1, 6, 2)", [1, 3, 5]),
    ("sequence(DATE '2024-01-30', DATE '2024-02-01')", [date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1)]),
    (
        "sequence(DATE '2024-01-31', DATE '2024-03-31', INTERVAL '1' MONTH)",
        [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)],
    ),
    ("filter(ARRAY[1, NULL, 3], x -> x > 1)", [3]),
    ("transform(ARRAY[1, NULL], x -> x + 1)", [2, None]),
    ("transform(ARRAY[ARRAY[1, 2]], x -> transform(x, y -> y * cardinality(x)))", [[2, 4]]),
    ("any_match(ARRAY[1, NULL], x -> x = 1)", True),
    ("any_match(ARRAY[1, NULL], x -> x > 1)", None),
    ("any_match(CAST(ARRAY[] AS array(integer)), x -> x > 1)", False),
    ("all_match(ARRAY[1, NULL], x -> x > 0)", None),
    ("all_match(CAST(ARRAY[] AS array(integer)), x -> x > 1)", True),
    ("none_match(ARRAY[1, 2], x -> x > 2)", True),
    ("reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s)", 75),
    ("reduce(ARRAY[5, NULL], 0, (s, x) -> s + x, s -> s)", None),
    ("reduce(ARRAY['a', 'b'], '', (s, x) -> s || x, s -> upper(s))", "AB"),
    ("reduce(CAST(ARRAY[] AS array(integer)), 7, (s, x) -> s + x, s -> s)", 7),
    (
        "reduce(ARRAY[5, 6], CAST(ROW(0, 0) AS ROW(t double, n integer)), "  # noqa: ISC004  # one long expression
        "(s, x) -> CAST(ROW(s.t + x, s.n + 1) AS ROW(t double, n integer)), s -> s.t / s.n)",
        5.5,
    ),
    ("zip(ARRAY[1, 2], ARRAY['a'])", [(1, "a"), (2, None)]),
    ("zip_with(ARRAY[1, 2], ARRAY[10], (x, y) -> x + coalesce(y, 0))", [11, 2]),
    ("map(ARRAY['a', 'b'], ARRAY[1, 2])", {"a": 1, "b": 2}),
    ("map()", {}),
    ("map(ARRAY['a'], ARRAY[1])['a']", 1),
    ("element_at(map(ARRAY['a'], ARRAY[1]), 'b')", None),
    ("cardinality(map(ARRAY['a'], ARRAY[1]))", 1),
    ("map_keys(map(ARRAY['a'], ARRAY[1]))", ["a"]),
    ("map_values(map(ARRAY['a'], ARRAY[1]))", [1]),
    ("cardinality(map_entries(map(ARRAY['a'], ARRAY[1])))", 1),
    ("map_from_entries(ARRAY[ROW('a', 1)])", {"a": 1}),
    ("map_concat(map(ARRAY['a', 'b'], ARRAY[1, 2]), map(ARRAY['a'], ARRAY[3]))", {"a": 3, "b": 2}),
    ("map_filter(map(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> v > 1)", {"b": 2}),
    ("transform_keys(map(ARRAY['a'], ARRAY[1]), (k, v) -> k || 'x')", {"ax": 1}),
    ("transform_values(map(ARRAY['a'], ARRAY[1]), (k, v) -> v + 1)", {"a": 2}),
]

# Over the rows (k, v) = ('a', 1), ('b', 2), ('a', NULL), (NULL, 4).
AGGREGATES: Cases = [
    ("any_value(v)", 1),
    ("arbitrary(v)", 1),
    ("approx_distinct(k)", 2),
    ("approx_percentile(v, 0.5)", 2),
    ("array_agg(k ORDER BY v DESC)", [None, "b", "a", "a"]),
    ("array_agg(v ORDER BY v NULLS FIRST)", [None, 1, 2, 4]),
    ("array_agg(DISTINCT v ORDER BY v)", [1, 2, 4, None]),
    ("array_agg(v) FILTER (WHERE v > 9)", None),
    ("avg(v)", 7 / 3),
    ("avg(1.50)", Decimal("1.50")),
    ("bool_and(v > 0)", True),
    ("bool_or(v > 9)", False),
    ("every(v > 1)", False),
    ("corr(v, v)", 1.0),
    ("covar_pop(v, v) = var_pop(v)", True),
    ("covar_samp(v, v) = var_samp(v)", True),
    ("count(*)", 4),
    ("count(v)", 3),
    ("count(DISTINCT k)", 2),
    ("count_if(v > 1)", 2),
    ("histogram(k)", {"a": 2, "b": 1}),
    ("listagg(k, ',') WITHIN GROUP (ORDER BY v DESC)", "b,a,a"),
    ("map_agg(k, v)", {"a": 1, "b": 2}),
    ("map_agg(k, v) FILTER (WHERE v > 9)", None),
    ("max(v)", 4),
    ("max(v, 2)", [4, 2]),
    ("max_by(k, v)", None),
    ("min(k)", "a"),
    ("min_by(k, v)", "a"),
    ("stddev(v) = stddev_samp(v)", True),
    ("round(stddev_pop(v), 6)", 1.247219),
    ("variance(v) = var_samp(v)", True),
    ("sum(v)", 7),
    ("sum(v) / count(*)", 1),
    ("sum(v / 2)", 3),
    ("sum(length(k))", 3),
    ("sum(CASE WHEN v > 1 THEN 1 ELSE 0 END) / 4e0", 0.5),
    ("sum(if(v > 1, 1.5)) / 2", Decimal("1.5")),
    ("avg(length(k))", 1.0),
    ("sum(v) FILTER (WHERE v > 1) / 4", 1),
    ("sum(1.5)", Decimal("6.0")),
    ("sum(v) FILTER (WHERE k = 'a')", 1),
    ("sum(DISTINCT v)", 7),
]

WINDOWS: list[tuple[str, list[object]]] = [
    ("row_number() OVER (ORDER BY v)", [1, 2, 3, 4]),
    ("rank() OVER (ORDER BY k)", [1, 3, 1, 4]),
    ("dense_rank() OVER (ORDER BY k)", [1, 2, 1, 3]),
    ("percent_rank() OVER (ORDER BY v)", [0.0, 1 / 3, 2 / 3, 1.0]),
    ("cume_dist() OVER (ORDER BY v)", [0.25, 0.5, 0.75, 1.0]),
    ("ntile(2) OVER (ORDER BY v)", [1, 1, 2, 2]),
    ("lag(v) OVER (ORDER BY v)", [None, 1, 2, 4]),
    ("lag(v, 2, 0) OVER (ORDER BY v)", [0, 0, 1, 2]),
    ("lead(v, 1, 9) OVER (ORDER BY v)", [2, 4, None, 9]),
    ("first_value(v) OVER (PARTITION BY k ORDER BY v DESC)", [1, 2, 1, 4]),
    ("last_value(v) IGNORE NULLS OVER (ORDER BY v)", [1, 2, 4, 4]),
    ("last_value(v) RESPECT NULLS OVER (ORDER BY v)", [1, 2, 4, None]),
    ("nth_value(v, 2) OVER (ORDER BY v)", [None, 2, 2, 2]),
    ("sum(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", [1, 3, 6, 4]),
    ("count(*) FILTER (WHERE v > 1) OVER ()", [2, 2, 2, 2]),
    ("sum(v) OVER w", [1, 3, 7, 7]),
    ("avg(v) OVER (w ROWS UNBOUNDED PRECEDING)", [1.0, 1.5, 7 / 3, 7 / 3]),
]


@pytest.mark.parametrize(
    ("expression", "expected"), OPERATORS + NUMBERS + TEXTS + TIMES + CASTS + JSONS + ARRAYS, ids=str
)
def test_an_expression_has_the_answer_of_athena(value: Callable[[str], Any], expression: str, expected: object) -> None:
    assert repr(value(expression)) == repr(expected)  # of the representations, as 3 == 3.0 == Decimal("3")


@pytest.mark.parametrize(("aggregate", "expected"), AGGREGATES)
def test_an_aggregate_has_the_answer_of_athena(ask: Ask, aggregate: str, expected: object) -> None:
    rows = "(VALUES ('a', 1), ('b', 2), ('a', NULL), (NULL, 4)) AS t(k, v)"

    ((answer,),) = ask(f"SELECT {aggregate} FROM {rows}")

    assert repr(answer) == repr(expected)


@pytest.mark.parametrize(("window", "expected"), WINDOWS)
def test_a_window_function_has_the_answer_of_athena(ask: Ask, window: str, expected: list[object]) -> None:
    rows = "(VALUES ('a', 1), ('b', 2), ('a', NULL), (NULL, 4)) AS t(k, v)"

    answer = ask(f"SELECT {window}, v FROM {rows} WINDOW w AS (ORDER BY v) ORDER BY v")

    in_order_of_v = [1, 2, 4, None]
    given_order = {1: 0, 2: 1, None: 2, 4: 3}
    if "ORDER BY k" in window or "PARTITION" in window:
        expected = [expected[given_order[v]] for v in in_order_of_v]
    assert repr([row[0] for row in answer]) == repr(expected)


def test_every_supported_function_has_an_example() -> None:
    cases = OPERATORS + NUMBERS + TEXTS + TIMES + CASTS + JSONS + ARRAYS + AGGREGATES
    examples = " ".join([case[0] for case in cases] + [case[0] for case in WINDOWS])

    shown_elsewhere = {"grouping", "current_timestamp", "row", "date"}
    missing = [name for name in FUNCTIONS if not re.search(rf"\b{name}\(", examples)]

    assert set(missing) <= shown_elsewhere


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
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
        ("l[1]", 3),
        ("element_at(l, 9)", None),
        ("array_join(l, '-')", "3-1"),
        ("reduce(l, 0, (total, n) -> total + coalesce(n, 0), total -> total)", 4),
        ("transform(l, n -> n / b)", [1, None, 0]),
        ("try(a / (b - 2))", None),
        ("lag(a, 1, 0) OVER (ORDER BY id)", 0),
    ],
)
def test_types_that_only_the_catalog_knows_are_respected(ask: Ask, expression: str, expected: object) -> None:
    grouped = " GROUP BY b" if expression.startswith("sum") and "OVER" not in expression else ""

    answer = ask(f"SELECT {expression} FROM data WHERE id = 1{grouped}")

    assert repr(answer) == repr([(expected,)])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
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
        ("SELECT _col1 FROM (SELECT 1, 2)", [(2,)]),
        ("SELECT 1 WHERE 1 IN (VALUES 1, 2)", [(1,)]),
        ("WITH one(n) AS (SELECT id FROM data), two AS (SELECT n + 1 AS m FROM one) SELECT max(m) FROM two", [(3,)]),
        ("SELECT u.id FROM data AS t JOIN data AS u USING (id) WHERE t.a = 7", [(1,)]),
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
        ("SELECT n, c FROM UNNEST(zip(ARRAY[1, 2], ARRAY['a'])) AS t(n, c) ORDER BY n", [(1, "a"), (2, None)]),
        ("SELECT a / b -- a comment; with a semicolon\nFROM data WHERE id = 1;", [(3,)]),
    ],
)
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


@pytest.mark.parametrize(
    "expression",
    [
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
    ],
)
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
        ("SELECT lower(s) OVER () FROM data", "neither FILTER nor OVER"),
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


# Laws

law = settings(deadline=None, max_examples=50)

INTEGERS = st.integers(-(2**62), 2**62)
SMALL = st.integers(-6, 6)
DATES = st.dates(date(1900, 1, 1), date(2100, 1, 1))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
LISTS = st.lists(st.integers(0, 4) | st.none(), min_size=1, max_size=6)


def sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def sql_list(values: list[int | None]) -> str:
    return f"CAST(ARRAY[{', '.join('NULL' if value is None else str(value) for value in values)}] AS array(integer))"


def quotient(dividend: int, divisor: int) -> int:
    return abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)


@law
@given(INTEGERS, INTEGERS.filter(bool))
def test_integer_division_truncates_and_leaves_the_remainder(ask: Ask, a: int, b: int) -> None:
    expected = quotient(a, b)

    answer = ask(f"SELECT a / b, a % b, {a} / ({b}) FROM (VALUES (BIGINT '{a}', BIGINT '{b}')) AS t(a, b)")

    assert answer == [(expected, a - expected * b, expected)]


@law
@given(st.decimals(-(10**6), 10**6, places=2), st.decimals(-(10**4), 10**4, places=1).filter(bool))
def test_decimal_division_keeps_the_larger_scale(ask: Ask, a: Decimal, b: Decimal) -> None:
    expected = (a / b).quantize(Decimal("0.01"), ROUND_HALF_UP)

    answer = ask(f"SELECT a / b FROM (VALUES (CAST({a} AS decimal(9, 2)), CAST({b} AS decimal(6, 1)))) AS t(a, b)")

    assert answer == [(expected,)]


@law
@given(st.floats(-(2**30), 2**30).map(lambda number: round(number * 2) / 2))
def test_casting_to_integer_rounds_halves_away_from_zero(value: Callable[[str], Any], number: float) -> None:
    assert value(f"CAST({number!r}e0 AS integer)") == int(Decimal(number).quantize(Decimal(1), ROUND_HALF_UP))


def months_between(earlier: datetime, later: datetime) -> int:
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months if moved(earlier, months) <= later else months - 1


def moved(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def difference(unit: str, start: datetime, end: datetime) -> int:
    if end < start:
        return -difference(unit, end, start)
    if unit in ("month", "quarter", "year"):
        return months_between(start, end) // {"month": 1, "quarter": 3, "year": 12}[unit]
    lengths = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
    return (end - start) // timedelta(seconds=lengths[unit])


@law
@given(
    st.sampled_from(["millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"]),
    MOMENTS,
    MOMENTS,
)
def test_date_diff_counts_whole_units(value: Callable[[str], Any], unit: str, start: datetime, end: datetime) -> None:
    assert value(f"date_diff('{unit}', TIMESTAMP '{start}', TIMESTAMP '{end}')") == difference(unit, start, end)


@law
@given(
    st.sampled_from(["month", "quarter", "year"]),
    st.dates(date(2019, 1, 25), date(2021, 3, 5)),
    st.dates(date(2019, 1, 25), date(2021, 3, 5)),
)
def test_date_diff_counts_whole_months_at_their_ends(
    value: Callable[[str], Any], unit: str, start: date, end: date
) -> None:
    first, second = (datetime(day.year, day.month, day.day) for day in (start, end))

    assert value(f"date_diff('{unit}', DATE '{start}', DATE '{end}')") == difference(unit, first, second)


@law
@given(DATES, st.integers(-500, 500))
def test_a_date_plus_months_stays_a_date_within_its_month(value: Callable[[str], Any], day: date, months: int) -> None:
    expected = moved(datetime(day.year, day.month, day.day), months).date()

    assert value(f"date_add('month', {months}, DATE '{day}')") == expected
    assert value(f"DATE '{day}' + INTERVAL '{months}' MONTH") == expected


@law
@given(MOMENTS)
def test_formatted_times_are_parsed_back(value: Callable[[str], Any], moment: datetime) -> None:
    time = f"TIMESTAMP '{moment}'"

    assert value(f"date_format({time}, '%Y-%m-%d %H:%i:%s')") == moment.strftime("%Y-%m-%d %H:%M:%S")
    assert value(f"date_parse(date_format({time}, '%e %b %Y %r .%f'), '%e %b %Y %r .%f')") == moment
    assert value(f"format_datetime({time}, 'dd.MM.yyyy')") == moment.strftime("%d.%m.%Y")


@law
@given(TEXT, st.integers(-10, 10), st.none() | SMALL)
def test_substr_counts_from_either_end(value: Callable[[str], Any], text: str, start: int, length: int | None) -> None:
    begin = start - 1 if start > 0 else len(text) + start
    outside = start == 0 or begin < 0
    expected = "" if outside else text[begin : None if length is None else begin + max(0, length)]

    assert value(f"substr({sql_text(text)}, {start}{'' if length is None else f', {length}'})") == expected


@law
@given(st.text("ab,", max_size=8))
def test_split_and_join_are_inverse(value: Callable[[str], Any], text: str) -> None:
    assert value(f"split({sql_text(text)}, ',')") == text.split(",")
    assert value(f"array_join(split({sql_text(text)}, ','), ',')") == text


@law
@given(LISTS, SMALL, st.integers(0, 6))
def test_slices_and_elements_are_those_of_the_list(
    value: Callable[[str], Any], values: list[int | None], start: int, length: int
) -> None:
    start = start or 1
    begin = start - 1 if start > 0 else len(values) + start

    assert value(f"slice({sql_list(values)}, {start}, {length})") == (
        values[begin : begin + length] if begin >= 0 else []
    )
    assert value(f"element_at({sql_list(values)}, {start})") == (values[begin] if 0 <= begin < len(values) else None)


@law
@given(LISTS, LISTS)
def test_sets_keep_the_order_in_which_elements_come(
    value: Callable[[str], Any], first: list[int | None], second: list[int | None]
) -> None:
    a, b = sql_list(first), sql_list(second)

    assert value(f"array_distinct({a})") == list(dict.fromkeys(first))
    assert value(f"array_union({a}, {b})") == list(dict.fromkeys(first + second))
    assert value(f"array_except({a}, {b})") == [each for each in dict.fromkeys(first) if each not in second]
    longer, shorter = (second, first) if len(first) < len(second) else (first, second)
    assert value(f"array_intersect({a}, {b})") == [each for each in dict.fromkeys(longer) if each in shorter]


@law
@given(LISTS, LISTS)
def test_zip_pads_the_shorter_list(
    value: Callable[[str], Any], first: list[int | None], second: list[int | None]
) -> None:
    assert value(f"zip({sql_list(first)}, {sql_list(second)})") == list(zip_longest(first, second))


@law
@given(LISTS)
def test_greatest_and_least_know_nothing_of_null(value: Callable[[str], Any], values: list[int | None]) -> None:
    arguments = ", ".join("CAST(NULL AS integer)" if number is None else str(number) for number in values)
    known = [number for number in values if number is not None]
    complete = len(known) == len(values)

    assert value(f"greatest({arguments})") == (max(known) if complete else None)
    assert value(f"least({arguments})") == (min(known) if complete else None)


@law
@given(LISTS, st.integers(0, 4))
def test_matches_follow_three_valued_logic(value: Callable[[str], Any], values: list[int | None], bound: int) -> None:
    results = [None if number is None else number > bound for number in values]
    anything = True if True in results else None if None in results else False
    everything = False if False in results else None if None in results else True

    assert value(f"any_match({sql_list(values)}, n -> n > {bound})") is anything
    assert value(f"all_match({sql_list(values)}, n -> n > {bound})") is everything
    assert value(f"none_match({sql_list(values)}, n -> n > {bound})") is (None if anything is None else not anything)
