"""`spotify-pipeline query --list`: what there is to ask, for people and for programs."""

import json

from spotify_pipeline.query.named import named_queries
from spotify_pipeline_tests.cli.conftest import Run


def test_the_list_is_a_line_for_each_named_query_narrow_enough_for_a_terminal(run: Run) -> None:
    head, _, *lines, count = run("query", "--list").out.splitlines()
    assert head.split() == ["name", "title", "parameters"]
    for line, query in zip(lines, named_queries().values(), strict=True):
        assert line.split()[0] == query.name
        assert query.title in line
        assert line.endswith(", ".join(parameter.name for parameter in query.parameters))
        assert len(line) <= 110
    assert count == f"{len(lines)} rows"


def test_a_program_learns_all_that_there_is_to_know_of_a_named_query(run: Run) -> None:
    listed = json.loads(run("query", "--list", "--format", "json").out)
    assert [query["name"] for query in listed] == list(named_queries())
    (top_artists,) = [query for query in listed if query["name"] == "top_artists"]
    assert top_artists["title"] == "Artists most present in the playlists"
    assert top_artists["description"].startswith("How many different tracks of an artist ")
    assert top_artists["parameters"] == ["day", "most"]
    assert top_artists["parameter_details"]["most"] == {
        "type": "integer",
        "default": "10",
        "description": "how many artists to show",
    }
