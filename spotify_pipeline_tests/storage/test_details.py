import gzip
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.details import ALBUMS, ARTISTS, Kind
from spotify_pipeline.spotify.documents import Album, Artist
from spotify_pipeline.storage.details import OBJECTS_IN_FILE, DetailStore, DetailWriter
from spotify_pipeline.storage.objects import ObjectStore
from spotify_pipeline.storage.raw import RawStore

DAY, NEXT, LATER = date(2025, 3, 1), date(2025, 3, 2), date(2025, 11, 30)


@pytest.fixture
def details(objects: ObjectStore) -> DetailStore:
    return DetailStore(objects)


def artist(artist_id: str, name: str = "") -> dict[str, bytes]:
    return {artist_id: f'{{"id":"{artist_id}","name":"{name}"}}'.encode()}


def numbered(count: int) -> dict[str, bytes]:
    return {artist_id: line for number in range(count) for artist_id, line in artist(f"a{number:03}").items()}


def write(details: DetailStore, lines: dict[str, bytes], day: date = DAY, kind: Kind[Artist] = ARTISTS) -> None:
    with details.writer(kind, day) as writer:
        writer.add(lines)


def test_details_lie_beside_the_documents_one_on_each_line(objects: ObjectStore) -> None:
    details = RawStore(objects).details
    write(details, artist("a", "Ana") | artist("b", "Béla"))
    with details.writer(ALBUMS, NEXT) as writer:
        writer.add({"x": b'{"id":"x"}'})
    albums, artists = objects.list("")
    assert artists.startswith("artists/snapshot_date=2025-03-01/")
    assert artists.endswith(".jsonl.gz")
    assert albums.startswith("albums/snapshot_date=2025-03-02/")
    assert gzip.decompress(objects.get(artists)).decode() == '{"id":"a","name":"Ana"}\n{"id":"b","name":"Béla"}\n'
    assert gzip.decompress(objects.get(albums)) == b'{"id":"x"}\n'


def test_equal_details_are_equal_files(new_store: Callable[[], ObjectStore]) -> None:
    stores = [new_store(), new_store()]
    for store in stores:
        write(DetailStore(store), numbered(70))
    first, second = ({key: store.get(key) for key in store.list("")} for store in stores)
    assert first == second


def test_nothing_read_leaves_no_file(details: DetailStore, objects: ObjectStore) -> None:
    write(details, {})
    assert objects.list("") == []
    assert details.ids(ARTISTS) == set()
    assert details.read(ARTISTS, {"a"}, up_to=LATER) == {}


def test_ids_are_those_of_all_days_unknown_ones_included(details: DetailStore) -> None:
    write(details, artist("a"))
    write(details, artist("b") | {"c": b'{"id":"c","not_found":true}'}, LATER)
    assert details.ids(ARTISTS) == {"a", "b", "c"}
    assert details.ids(ALBUMS) == set()


def test_what_was_read_last_up_to_a_day_is_told_of_the_wanted_ids(details: DetailStore) -> None:
    write(details, artist("a", "Old") | artist("b", "Beside"))
    write(details, artist("a", "New"), NEXT)
    write(details, artist("a", "Newest"), LATER)
    assert details.read(ARTISTS, {"a", "z"}, up_to=DAY) == {"a": Artist("a", "Old")}
    assert details.read(ARTISTS, {"a", "z"}, up_to=NEXT) == {"a": Artist("a", "New")}
    assert details.read(ARTISTS, {"a", "b"}, up_to=LATER) == {
        "a": Artist("a", "Newest"),
        "b": Artist("b", "Beside"),
    }


def test_an_unknown_id_tells_nothing_but_itself(details: DetailStore) -> None:
    with details.writer(ALBUMS, DAY) as writer:
        writer.add({"x": b'{"id":"x","not_found":true}'})
    assert details.read(ALBUMS, {"x"}, up_to=DAY) == {"x": Album("x")}


def test_what_was_added_is_kept_whatever_happens(details: DetailStore) -> None:
    def be_interrupted() -> None:
        with details.writer(ARTISTS, DAY) as writer:
            writer.add(numbered(3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert details.ids(ARTISTS) == numbered(3).keys()


class Files(dict[str, bytes]):
    """An object store that only takes files."""

    put = dict.__setitem__


@given(st.lists(st.integers(1, 120), max_size=6))
def test_less_than_a_file_is_unwritten_at_any_time_and_no_file_is_larger(portions: list[int]) -> None:
    files, added = Files(), 0
    writer = DetailWriter(files, "artists/snapshot_date=2025-03-01")  # type: ignore[arg-type]  # all that it needs
    lines = list(numbered(sum(portions)).items())

    def written() -> list[int]:
        return [gzip.decompress(content).count(b"\n") for content in files.values()]

    for portion in portions:
        writer.add(dict(lines[added : added + portion]))
        added += portion
        assert 0 <= added - sum(written()) < OBJECTS_IN_FILE
    writer.flush()
    assert sum(written()) == added
    assert max(written(), default=0) <= OBJECTS_IN_FILE


DAMAGED = {
    "no gzip": b"no gzip",
    "cut": gzip.compress(b'{"id":"a"}\n' * 99)[:-9],
    "no JSON": gzip.compress(b"<html>"),
    "no UTF-8": gzip.compress(b'{"id":"\xff"}'),
    "no artist": gzip.compress(b'{"id":5}'),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_named_with_what_to_do(content: bytes, details: DetailStore, objects: ObjectStore) -> None:
    write(details, artist("a"))
    (key,) = objects.list("")
    objects.put(key, content)
    problem = r"artists/.*\.jsonl\.gz is damaged .*: remove it, and what it held is read again"
    with pytest.raises(DataError, match=problem):
        details.ids(ARTISTS)
    with pytest.raises(DataError, match=problem):
        details.read(ARTISTS, {"a"}, up_to=DAY)
