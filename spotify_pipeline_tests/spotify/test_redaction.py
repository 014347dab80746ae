"""Users are taken out of documents; everything else stays the bytes that it was."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.redaction import names_a_user, without_users
from spotify_pipeline_tests.tables.builders import Json, entry, playlist, playlists, track

ANA, BOB = {"id": "ana", "display_name": "Ana"}, {"id": "bob", "display_name": "Bob"}


def encoded(document: Any) -> bytes:
    return msgspec.json.encode(document)


@pytest.mark.parametrize("key", ["items", "tracks"])
def test_where_a_user_stands_there_is_null(key: str) -> None:
    document = playlist(
        "p", [entry(track(), added_by=ANA), entry(None, added_by=BOB), entry(track())], key=key, owner=ANA
    )
    document[key]["items"][2]["added_by"] = None
    cleared = json.loads(without_users(encoded(document), ["ana"]))
    assert cleared["owner"] is None
    assert [each["added_by"] for each in cleared[key]["items"]] == [None, BOB, None]


def test_what_says_the_same_elsewhere_stays() -> None:
    document = playlist("ana", [entry(track("ana", name="ana"))], name="ana", description='by "ana"', owner=BOB)
    document["items"]["items"][0]["added_by"] = BOB
    assert json.loads(without_users(encoded(document), ["ana"])) == document


def test_numbers_and_texts_keep_their_spelling() -> None:
    body = rb'{"id":"p","odd":1.50e+0,"name":"\u00e9\/","items":{"items":[{"added_by":{"id":"ana"},"x":-0.0}],"n":1E9}}'
    assert without_users(body, ["ana"]) == body.replace(b'{"id":"ana"}', b"null")


@pytest.mark.parametrize("body", [b"not JSON", b"[]", b'{"id": "ana"', b"\xff"])
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(DataError, match="cannot take a user out of the document"):
        without_users(body, ["ana"])


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(playlists())
def test_no_other_user_and_nothing_else_changes(documents: list[Json]) -> None:
    for document in documents:
        body = encoded(document)
        assert without_users(body, ["nobody"]) == body
        cleared = without_users(body, ["x"])
        assert without_users(cleared, ["x"]) == cleared
        for before, after in zip(_entries(document), _entries(json.loads(cleared)), strict=True):
            is_theirs = (before.get("added_by") or {}).get("id") == "x"
            assert after == before | ({"added_by": None} if is_theirs else {})


def _entries(document: Json) -> list[Json]:
    return next(document[key]["items"] for key in ("items", "tracks") if key in document)


@given(st.text(st.characters(codec="utf-8", exclude_characters=":,"), min_size=1))
def test_whether_a_user_is_named_is_seen_without_decoding(user: str) -> None:
    for document in (encoded({"added_by": {"id": user}}), json.dumps({"added_by": {"id": user}}).encode()):
        assert names_a_user(document, [user])
    assert not names_a_user(encoded({"added_by": {"id": f"{user}!"}}), [user])
