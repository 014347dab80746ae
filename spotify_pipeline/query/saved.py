"""The named queries as saved queries of an Athena workgroup, for whoever works in Athena's console."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from spotify_pipeline import aws
from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.named import NamedQuery, named_queries

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import NamedQueryTypeDef

_MOST_AT_ONCE = 50  # in a request for saved queries: Athena's limit


class Saved(NamedTuple):
    """How many of the named queries were new in the workgroup, how many were changed, and how many were as they are."""

    created: int
    updated: int
    unchanged: int


def save_queries(client: "AthenaClient", workgroup: str, database: str) -> Saved:
    """Save each named query, with the defaults of its parameters, under its name; others are left alone.

    Raises:
        QueryError: Athena cannot be asked, or does not allow it.
    """
    outcomes = []
    with aws.explained(f"the Athena workgroup {workgroup}", QueryError):
        found = {query["Name"]: query for query in _saved(client, workgroup) if query["Database"] == database}
        for query in named_queries().values():
            description, statement = f"{query.title}. {query.description}", _statement(query)
            if query.name not in found:
                client.create_named_query(
                    Name=query.name,
                    Description=description,
                    Database=database,
                    QueryString=statement,
                    WorkGroup=workgroup,
                )
                outcomes.append("created")
            elif (found[query.name].get("Description"), found[query.name]["QueryString"]) != (description, statement):
                client.update_named_query(
                    NamedQueryId=found[query.name]["NamedQueryId"],
                    Name=query.name,
                    Description=description,
                    QueryString=statement,
                )
                outcomes.append("updated")
            else:
                outcomes.append("unchanged")
    return Saved(*(outcomes.count(outcome) for outcome in Saved._fields))


def _saved(client: "AthenaClient", workgroup: str) -> Iterator["NamedQueryTypeDef"]:
    for page in client.get_paginator("list_named_queries").paginate(WorkGroup=workgroup):
        ids = page.get("NamedQueryIds", [])
        for start in range(0, len(ids), _MOST_AT_ONCE):
            yield from client.batch_get_named_query(NamedQueryIds=ids[start : start + _MOST_AT_ONCE])["NamedQueries"]


def _statement(query: NamedQuery) -> str:
    """The SQL with the defaults in place, under comments that say what may be changed."""
    comments = [f"-- {query.title}"] + [
        f"-- {parameter.name} ({parameter.type}): {parameter.description}; here {parameter.default}"
        for parameter in query.parameters
    ]
    return "\n".join([*comments, query.sql()])
