"""The text of the named queries, as Athena will read it."""

import re
from pathlib import Path

import pytest
from sqlglot import exp, parse_one
from sqlglot.errors import ErrorLevel

from spotify_pipeline.query.named import NamedQuery, named_queries
from spotify_pipeline.tables.declarations import TABLES, VIEWS

QUERIES = named_queries()
ALL = pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)

# Their questions are about all days, so they read all days: of few and narrow columns.
WHOLE_HISTORY = {
    "changes_by_day": {"coverage"},  # a playlist's first reading, with which nothing is compared, may be years ago
    "freshness": {"coverage", "playlists"},  # a playlist may have been read last, and told of last, years ago
    "longest_stays": {"memberships"},
    "missing_days": {"coverage", "playlists"},
    "new_artists": {"track_artists"},  # whether an artist was there on any day before
    "returned_items": {"memberships"},
    "track_history": {"memberships"},
}


def parsed(sql: str) -> exp.Expr:
    tree = parse_one(sql, read="athena", error_level=ErrorLevel.RAISE)
    assert isinstance(tree, exp.Query)
    return tree


def sources_of(select: exp.Select) -> dict[str, str]:
    """The names of what a SELECT reads, by the names that it gives them; a query inside it has none."""
    sources = [select.args["from_"], *(select.args.get("joins") or [])] if "from_" in select.args else []
    return {source.this.alias_or_name: source.this.name for source in sources}


def conditions_of(select: exp.Select) -> list[exp.Expr]:
    """What holds for all rows: the parts of WHERE, and of the ON of the joins."""
    clauses = [join.args.get("on") for join in select.args.get("joins") or []]
    clauses += [where.this] if (where := select.args.get("where")) else []
    return [
        part for clause in clauses if clause for part in (clause.flatten() if isinstance(clause, exp.And) else [clause])
    ]


def sources_in(expression: exp.Expr, select: exp.Select) -> set[str]:
    """The sources whose columns stand in an expression of a SELECT, those of queries inside it left out."""
    sources = sources_of(select)
    alone = next(iter(sources)) if len(sources) == 1 else ""
    columns = [column for column in expression.find_all(exp.Column) if column.find_ancestor(exp.Select) is select]
    return {column.table or alone for column in columns}


def unbounded(select: exp.Select) -> set[str]:
    """The tables of which a SELECT reads all days, and the views, which do so themselves."""
    sources = sources_of(select)
    stored = {alias for alias, name in sources.items() if name in TABLES | VIEWS}
    bounded = set(sources) - stored  # what a query inside tells of days is bounded by what it reads itself
    for _ in sources:
        for condition in conditions_of(select):
            if isinstance(condition, exp.EQ | exp.GTE | exp.GT | exp.LTE | exp.LT):
                for one, other in ((condition.left, condition.right), (condition.right, condition.left)):
                    is_day = isinstance(one, exp.Column) and one.name == "snapshot_date"
                    if is_day and sources_in(other, select) <= bounded:
                        bounded |= sources_in(one, select)
    return {sources[alias] for alias in stored - bounded}


def is_about_days_only(select: exp.Select) -> bool:
    """Whether it reads the partition column alone, which costs nothing."""
    columns = {column.name for column in select.find_all(exp.Column)}
    return columns == {"snapshot_date"}


@ALL
def test_it_is_athena_sql_with_a_description_of_itself(query: NamedQuery) -> None:
    parsed(query.sql())
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", query.name)
    assert not query.title.endswith(".")
    for parameter in query.parameters:
        parsed(f"SELECT {parameter.default}")


@ALL
def test_it_reads_no_more_days_than_its_question_needs(query: NamedQuery) -> None:
    found = set()
    for select in parsed(query.sql()).find_all(exp.Select):
        if not is_about_days_only(select):
            found |= unbounded(select)
    assert found == WHOLE_HISTORY.get(query.name, set())


def test_the_page_about_athena_names_those_that_read_all_days() -> None:
    page = (Path(__file__).parents[2] / "docs" / "athena.md").read_text(encoding="utf-8")
    sentence = re.search(r"\bOnly `[^.]+\.", page)
    assert sentence is not None
    assert set(re.findall(r"`(\w+)`", sentence[0])) == WHOLE_HISTORY.keys() | VIEWS.keys()


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT name FROM tracks", {"tracks"}),
        ("SELECT name FROM tracks WHERE name = 'snapshot_date'", {"tracks"}),
        ("SELECT name FROM tracks WHERE snapshot_date >= DATE '2026-10-01' OR name = 'a'", {"tracks"}),
        ("SELECT a.n FROM tracks AS a JOIN albums AS b ON b.snapshot_date = a.snapshot_date", {"tracks", "albums"}),
        ("SELECT a.n FROM tracks AS a JOIN albums AS b ON b.n = a.n WHERE a.snapshot_date = current_date", {"albums"}),
        ("SELECT item_key FROM memberships WHERE last_seen >= DATE '2026-10-01'", {"memberships"}),
        (
            """SELECT a.n FROM tracks AS a JOIN albums AS b ON b.snapshot_date = a.snapshot_date
               WHERE b.snapshot_date = (SELECT max(snapshot_date) FROM coverage)""",
            set(),
        ),
    ],
)
def test_a_scan_of_all_days_is_noticed(sql: str, tables: set[str]) -> None:
    select = parsed(sql)
    assert isinstance(select, exp.Select)
    assert unbounded(select) == tables


@ALL
def test_days_are_compared_with_dates(query: NamedQuery) -> None:
    values = {parameter.name: "2026-10-01" for parameter in query.parameters if parameter.type == "date"}
    for literal in parsed(query.sql(values)).find_all(exp.Literal):
        if literal.is_string and re.fullmatch(r"\d{4}-\d\d-\d\d", literal.this):
            assert isinstance(literal.parent, exp.Cast)  # as sqlglot reads DATE '…'
