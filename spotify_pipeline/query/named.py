"""Named queries: the files in `spotify_pipeline/queries/`, Athena SQL under a head of comments.

    -- title: What was on a playlist
    -- description: Every position of one playlist on one day.
    -- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day
    SELECT ... WHERE snapshot_date = :day

A parameter has a type (`date`, `string` or `integer`) and a default, an SQL expression; so every query runs as it is.
"""

import re
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import NamedTuple

from spotify_pipeline.errors import QueryError

_HEAD = re.compile(r"^-- (?P<key>title|description): (?P<value>.+)$", re.MULTILINE)
_PARAMETER = re.compile(
    r"^-- param (?P<name>\w+) (?P<type>date|string|integer): (?P<default>.+) -- (?P<description>.+)$",
    re.MULTILINE,
)


class Parameter(NamedTuple):
    """A value that a named query asks for."""

    name: str
    type: str
    default: str
    description: str

    def literal(self, value: str) -> str:
        """The value as SQL.

        Raises:
            QueryError: the value is not of the parameter's type.
        """
        try:
            match self.type:
                case "date":
                    return f"DATE '{date.fromisoformat(value)}'"
                case "integer":
                    return str(int(value))
                case _:
                    return "'" + value.replace("'", "''") + "'"
        except ValueError:
            raise QueryError(f"The parameter {self.name} takes {_FORMS[self.type]}, not {value!r}.") from None


_FORMS = {"date": "a day such as 2026-01-31", "integer": "a whole number", "string": "a text"}


class NamedQuery(NamedTuple):
    """A question with its SQL."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    body: str

    def sql(self, values: Mapping[str, str] | None = None) -> str:
        """The statement, with `values` or defaults in the places of its parameters.

        Raises:
            QueryError: there is no such parameter, or a value is not of its type.
        """
        given = dict(values or {})
        literals = {
            parameter.name: parameter.literal(given.pop(parameter.name))
            if parameter.name in given
            else parameter.default
            for parameter in self.parameters
        }
        if given:
            raise QueryError(
                f"The query {self.name} has no parameter {', '.join(sorted(given))}; it has "
                f"{', '.join(literals) or 'none'}."
            )
        return re.sub(r"(?<![:\w]):(\w+)", lambda match: literals[match[1]], self.body)


def named_queries() -> dict[str, NamedQuery]:
    """All named queries by name, sorted."""
    files = resources.files("spotify_pipeline").joinpath("queries").iterdir()
    found = [(file.name.removesuffix(".sql"), file) for file in files if file.name.endswith(".sql")]
    return {
        name: _parse(name, file.read_text(encoding="utf-8")) for name, file in sorted(found, key=lambda one: one[0])
    }


def named_query(name: str) -> NamedQuery:
    """The query of that name.

    Raises:
        QueryError: there is none.
    """
    queries = named_queries()
    if name not in queries:
        raise QueryError(f"There is no query named {name!r}; there are {', '.join(queries)}.")
    return queries[name]


def _parse(name: str, text: str) -> NamedQuery:
    head = {match["key"]: match["value"] for match in _HEAD.finditer(text)}
    parameters = tuple(Parameter(**match.groupdict()) for match in _PARAMETER.finditer(text))
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return NamedQuery(name, head["title"], head["description"], parameters, body.strip())
