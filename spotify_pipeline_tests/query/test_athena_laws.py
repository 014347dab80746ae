# ruff: noqa: DTZ001  # Athena's timestamps have no zone
"""Laws that hold for all values, against plain Python."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import zip_longest
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from spotify_pipeline_tests.query.conftest import Ask

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
@example(Decimal("5.39"), Decimal("0.4"))
@example(Decimal("-5.39"), Decimal("0.4"))
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


@law
@given(st.lists(st.integers(0, 9) | st.none(), min_size=1, max_size=60), st.integers(0, 100))
@example([*range(100)], 57)
def test_a_percentile_is_the_value_below_which_that_part_lies(
    value: Callable[[str], Any], values: list[int | None], percent: int
) -> None:
    known = sorted(number for number in values if number is not None)
    rank = min(int(percent / 100 * len(known)), len(known) - 1)

    assert value(f"approx_percentile(v, {percent / 100}) FROM UNNEST({sql_list(values)}) AS t(v)") == (
        known[rank] if known else None
    )
