"""The policies that the documentation gives, in the names of one test."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.emulator import REGION

FOLDER = Path(__file__).parents[2] / "docs" / "policies"
ACCOUNT = "000000000000"  # whose the emulator's root key is

Policy = dict[str, Any]

_BY_ID = frozenset(
    f"athena:{operation}"
    for operation in (
        "GetQueryExecution",
        "GetQueryResults",
        "StopQueryExecution",
        "BatchGetNamedQuery",
        "UpdateNamedQuery",
    )
)


class Part(NamedTuple):
    """Something that can be left out of a policy: an action of a statement, or a resource of one."""

    sid: str
    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.sid}-{self.value.rpartition(':')[2]}"


def read(name: str) -> Policy:
    """A policy as the documentation gives it."""
    policy: Policy = json.loads((FOLDER / f"{name}.json").read_text())
    return policy


def listed(value: str | list[str]) -> list[str]:
    """What JSON has as one text or a list of them."""
    return [value] if isinstance(value, str) else value


def actions(policy: Policy, sid: str) -> list[str]:
    """What a statement allows."""
    (statement,) = (statement for statement in policy["Statement"] if statement["Sid"] == sid)
    return listed(statement["Action"])


def parts(policy: Policy) -> Iterator[Part]:
    """Each action of each statement, and each resource of those in S3 that name several.

    The emulator looks at one of the resources that a Glue call needs, so those are not taken apart.
    """
    for statement in policy["Statement"]:
        for action in listed(statement["Action"]):
            yield Part(statement["Sid"], "Action", action)
        resources = listed(statement["Resource"])
        if len(resources) > 1 and all(":s3:" in resource for resource in resources):
            for resource in resources:
                yield Part(statement["Sid"], "Resource", resource)


def without(policy: Policy, part: Part) -> Policy:
    """The policy with less in it."""
    less = deepcopy(policy)
    (statement,) = (statement for statement in less["Statement"] if statement["Sid"] == part.sid)
    statement[part.key] = [value for value in listed(statement[part.key]) if value != part.value]
    if not statement[part.key]:
        less["Statement"].remove(statement)
    return less


def together(*policies: Policy) -> Policy:
    """What whoever has all of them may do."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {name: value for name, value in statement.items() if name != "Sid"}
            for policy in policies
            for statement in policy["Statement"]
        ],
    }


def filled(policy: Policy, place: Aws) -> Policy:
    """The policy with the names of a test, as whoever follows the documentation replaces them."""
    names = {
        "my-spotify-raw": place.raw_bucket,
        "my-spotify-tables": place.tables_bucket,
        "secret:spotify_pipeline": f"secret:{place.database}",
        "workgroup/spotify_pipeline": f"workgroup/{place.workgroup}",
        "crawler/spotify_pipeline_spotify": f"crawler/spotify_pipeline_{place.database}",
        "function:spotify-pipeline-": f"function:{place.database}-",
        "job/spotify-pipeline-spark": f"job/{place.database}",
        "database/spotify": f"database/{place.database}",
        "table/spotify/": f"table/{place.database}/",
        "table/spotify_months/": f"table/{place.database}_months/",
        "role/spotify-crawler": f"role/{place.database}",
    }
    return as_the_emulator_reads(with_names(policy, names))


def with_names(policy: Policy, names: Mapping[str, str]) -> Policy:
    """The policy with other names than the documentation's, and where the emulator is for its placeholders."""
    text = json.dumps(policy)
    for placeholder, name in ({"REGION": REGION, "ACCOUNT": ACCOUNT} | dict(names)).items():
        text = text.replace(placeholder, name)
    replaced: Policy = json.loads(text)
    return replaced


def as_the_emulator_reads(policy: Policy) -> Policy:
    """The policy with what the emulator looks for instead of the resources that AWS looks for.

    These are `table/NAME` where a database, a crawler or a job is asked for by its name, and `*` where Athena is asked
    for a query by its id.
    """
    more = [
        {"Effect": "Allow", "Action": action, "Resource": re.sub("(database|crawler|job)/", "table/", resource)}
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if re.search(":(database|crawler|job)/", resource)
    ]
    by_id = [
        {"Effect": "Allow", "Action": action, "Resource": "*"}
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        if action in _BY_ID
    ]
    return {**policy, "Statement": [*policy["Statement"], *more, *by_id]}
