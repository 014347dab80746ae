"""The named queries as Athena's saved queries."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from spotify_pipeline import aws as product
from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.named import named_queries
from spotify_pipeline.query.saved import Saved, save_queries
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.fake_aws import Answer, FakeAws, Request, found, refused
from spotify_pipeline_tests.cli.conftest import Run

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

QUERIES = named_queries()


class Workgroup:
    """A workgroup of Athena that gives its saved queries one page of three at a time."""

    def __init__(self) -> None:
        self.saved: dict[str, dict[str, Any]] = {}

    def __call__(self, request: Request) -> Answer:
        asked = dict(request.body)
        match request.operation:
            case "ListNamedQueries":
                start = int(asked.get("NextToken", 0))
                more = {"NextToken": str(start + 3)} if start + 3 < len(self.saved) else {}
                return found({"NamedQueryIds": list(self.saved)[start : start + 3], **more})
            case "BatchGetNamedQuery":
                return found({"NamedQueries": [self.saved[one] for one in asked["NamedQueryIds"]]})
            case "CreateNamedQuery":
                query_id = f"id-{len(self.saved)}"
                self.saved[query_id] = {**asked, "NamedQueryId": query_id}
                return found({"NamedQueryId": query_id})
            case "UpdateNamedQuery":
                self.saved[asked["NamedQueryId"]] |= asked
                return found({})
        return refused("InvalidRequestException")


@pytest.fixture
def workgroup() -> Workgroup:
    return Workgroup()


@pytest.fixture
def save(workgroup: Workgroup, fake_aws: FakeAws) -> Callable[[], Saved]:
    fake_aws.answering = workgroup
    return lambda: save_queries(product.client("athena"), "analysts", "spotify")


def test_each_named_query_is_saved_under_its_name_as_it_runs(save: Callable[[], Saved], workgroup: Workgroup) -> None:
    assert save() == Saved(created=len(QUERIES), updated=0, unchanged=0)
    saved = {query["Name"]: query for query in workgroup.saved.values()}
    assert saved.keys() == QUERIES.keys()
    for name, query in QUERIES.items():
        assert saved[name]["QueryString"].endswith(query.sql())
        assert saved[name]["Database"] == "spotify"
        assert saved[name]["WorkGroup"] == "analysts"
        assert saved[name]["Description"].startswith(query.title)
        assert len(saved[name]["Description"]) <= 1024
        assert len(name) <= 128
        comments = saved[name]["QueryString"].removesuffix(query.sql()).splitlines()
        assert all(line.startswith("-- ") for line in comments)
        assert len(comments) == 1 + len(query.parameters)


def test_saving_again_changes_nothing(save: Callable[[], Saved], workgroup: Workgroup) -> None:
    save()
    before = {query_id: dict(query) for query_id, query in workgroup.saved.items()}
    assert save() == Saved(created=0, updated=0, unchanged=len(QUERIES))
    assert workgroup.saved == before


def test_what_has_changed_is_replaced_and_the_queries_of_others_are_left_alone(
    save: Callable[[], Saved], workgroup: Workgroup
) -> None:
    theirs = {"Name": "top_artists", "Database": "theirs", "QueryString": "SELECT 1", "NamedQueryId": "id-theirs"}
    mine = {"Name": "my_own", "Database": "spotify", "QueryString": "SELECT 2", "NamedQueryId": "id-mine"}
    workgroup.saved = {"id-theirs": dict(theirs), "id-mine": dict(mine)}
    save()
    (old,) = [query for query in workgroup.saved.values() if query["Name"] == "genres"]
    old["QueryString"] = "SELECT 'of an older version'"
    assert save() == Saved(created=0, updated=1, unchanged=len(QUERIES) - 1)
    assert old["QueryString"].endswith(QUERIES["genres"].sql())
    assert (workgroup.saved["id-theirs"], workgroup.saved["id-mine"]) == (theirs, mine)


def test_a_role_that_may_not_save_is_told(fake_aws: FakeAws) -> None:
    fake_aws.answering = lambda _: refused("AccessDeniedException", "not authorized")
    with pytest.raises(QueryError, match="AWS denies ListNamedQueries on the Athena workgroup analysts"):
        save_queries(product.client("athena"), "analysts", "spotify")


def test_the_command_saves_them_in_the_workgroup_of_the_settings(
    aws: Aws, emulator_athena: "AthenaClient", run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "SPOTIFY_PIPELINE_TARGET is local" in run("query", "--save").err
    for name, value in {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
        "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
        "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
    }.items():
        monkeypatch.setenv(name, value)
    told = f"Saved in the Athena workgroup {aws.workgroup}: {{}} new, 0 changed, {{}} as they were\n"
    assert run("query", "--save").out == told.format(len(QUERIES), 0)
    assert run("query", "--save").out == told.format(0, len(QUERIES))
    ids = emulator_athena.list_named_queries(WorkGroup=aws.workgroup)["NamedQueryIds"]
    assert len(ids) == len(QUERIES)
    assert product.client("athena").meta.endpoint_url == aws.address
