"""The invented documents are as real ones are, as far as that matters for what is measured."""

import random

import pytest

from benchmarks.catalogue import Catalogue, Shape
from benchmarks.documents import Library
from spotify_pipeline.spotify.documents import Playlist, PlaylistItem, decode


@pytest.mark.parametrize(
    ("shape", "least", "most"), [(Shape.OLD, 3_700, 4_100), (Shape.NEW, 2_000, 2_400), (Shape.BOTH, 7_000, 8_000)]
)
def test_items_are_as_large_as_captured_ones(shape: Shape, least: int, most: int) -> None:
    documents = list(Library(500, 50, shape).documents())
    assert sum(document.items for document in documents) == 500
    assert least < sum(len(document.json) for document in documents) / 500 < most


@pytest.mark.parametrize("shape", list(Shape))
def test_every_item_can_be_decoded(shape: Shape) -> None:
    for document in Library(500, 50, shape).documents():
        contents = decode(document.json, Playlist).contents
        assert contents
        assert len(contents.entries) == contents.total == document.items


def test_equal_seeds_give_equal_documents_however_they_are_shared_out() -> None:
    library = Library(300, 30)
    shared = [document for share in range(2) for document in library.documents(share, 2)]
    assert sorted(shared, key=lambda one: one.playlist_id) == sorted(
        library.documents(), key=lambda one: one.playlist_id
    )
    assert {one.playlist_id for one in Library(300, 30, seed=1).documents()}.isdisjoint(
        one.playlist_id for one in shared
    )


def test_half_the_items_of_some_hundred_playlists_are_distinct_tracks() -> None:
    catalogue, dice = Catalogue(2026, Shape.OLD), random.Random(1)  # noqa: S311  # the same each time
    ranks = [catalogue.draw(dice.random()) for _ in range(67_500)]
    assert 34_000 < len(set(ranks)) < 36_000
    assert min(ranks) >= 0


def test_the_oddities_of_real_rows_are_there() -> None:
    entries: list[PlaylistItem] = []
    copies = 0
    for document in Library(6_000, 10, Shape.NEW).documents():
        contents = decode(document.json, Playlist).contents
        assert contents
        ids = [entry.content.id for entry in contents.entries if entry.content]
        copies += len(ids) - len(set(ids))
        entries += contents.entries
    found = [entry.content for entry in entries if entry.content]
    assert len(found) < len(entries)
    assert {content.type for content in found} == {"track", "episode"}
    assert any(content.is_local and content.id is None for content in found)
    assert {content.album.release_date_precision for content in found if content.album} == {
        "day",
        "month",
        "year",
        None,
    }
    assert 1970 in {entry.added_at.year for entry in entries if entry.added_at}
    assert copies
