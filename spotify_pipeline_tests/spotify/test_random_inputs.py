"""Whatever the network or a user sends: a result or the documented error, never another exception."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.spotify.documents import (
    Account,
    Album,
    Artist,
    Content,
    Listing,
    Page,
    Playlist,
    decode,
    merge_pages,
    on_one_line,
)
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.spotify.playlist_ids import parse_playlist_id, parse_playlists
from spotify_pipeline_tests.spotify.test_playlist_ids import BASE62, FORMS, ID, WRONG
from spotify_pipeline_tests.tables.builders import DAY, entry, observed, playlist, track, transform
from spotify_pipeline_tests.tables.test_captures import FOLDERS, playlists_in

TEN_THOUSAND = 10_000

OTHER_KINDS: list[Any] = [Page, Listing, Account, Artist, Album]

_Input = TypeVar("_Input")
Span = tuple[int, int]
Edit = tuple[Span, bytes]


def accepted(check: Callable[[_Input], bool], inputs: st.SearchStrategy[_Input], count: int) -> int:
    """Check at least `count` inputs, and tell how many of them were not refused."""
    answers = []

    @settings(max_examples=count, deadline=None, database=None)
    @given(inputs)
    def check_each(one: _Input) -> None:
        answers.append(check(one))

    check_each()
    assert len(answers) >= count
    return sum(answers)


# Documents


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


ENTRIES = [entry(track(), "track"), entry(None, "track"), entry({"type": "episode", "name": "Talk"}, "track")]
ABOUT: dict[str, Any] = {
    "owner": {"id": "ana", "display_name": "Ana"},
    "followers": {"total": 7},
    "images": [{"url": "u"}],
}
PLAYLIST = encoded(playlist("p", ENTRIES, "tracks", **ABOUT))
PAGE = encoded({"items": ENTRIES, "total": 3, "next": None})
SOUND = [
    PLAYLIST,
    encoded(playlist("p", [entry(track(), available_markets=["DE"])], **ABOUT)),
    PAGE,
    encoded({"items": [{"id": "p", "snapshot_id": "v1"}, None], "total": 2}),
]
# None of these is a playlist, and some are not even JSON.
ODD = [
    *(b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"null", b"true", b"NaN", b"-Infinity", b"// none"),
    *(b"-1", b"-0", b"1.0", b"2147483648", b"9223372036854775808", b"9" * 5_000, b"1e400", b"1E5"),
    *(b'""', b'"\xff"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\n"', b'"' + b"x" * 99),
    *(b"[]", b"{}", b"[null]", b'{"items":null}', b'{"items":[{}]}', b'{"id":{}}', b'{"\xff":1}', b'{"\\ud800":1}'),
    *(b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59-23:59"', b'"0000-00-00T00:00:00Z"', b'"2024-02-30"'),
    *(b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b"[" * 400 + b"]" * 400),
]
ODD_TEXTS = [value for value in ODD if value.startswith(b'"')]
any_texts = st.text(max_size=9) | st.dates().map(str) | st.datetimes().map("{}Z".format)


def values_in(document: bytes) -> list[Span]:
    """Where the values are, and the names of fields."""
    text, read = document.decode("latin-1"), json.JSONDecoder().raw_decode
    spans = [(0, len(text))]
    for match in re.finditer(r"(?<=[:\[,{])(?=[\[{\"\w-])", text):
        with suppress(ValueError):
            spans.append((match.start(), read(text, match.start())[1]))
    return spans


def edited(document: bytes, edits: list[Edit]) -> bytes:
    """The document with other bytes in some spans; of spans that overlap only one is replaced."""
    untouched = len(document)
    for (start, end), value in sorted(edits, reverse=True):
        if end <= untouched:
            document, untouched = document[:start] + value + document[end:], start
    return document


def with_odd_values(document: bytes) -> st.SearchStrategy[bytes]:
    edit = st.sampled_from(list(product(values_in(document), ODD)))
    return st.lists(edit, max_size=2).map(lambda edits: edited(document, edits))


def with_other_texts(document: bytes) -> st.SearchStrategy[bytes]:
    """Names of fields stay, so that all has the right type."""
    spans = [span for span in values_in(document) if document[span[0]] == ord('"') and document[span[1]] != ord(":")]
    edit = st.sampled_from(list(product(spans, ODD_TEXTS))) | st.tuples(st.sampled_from(spans), any_texts.map(encoded))
    return st.lists(edit, max_size=5).map(lambda edits: edited(document, edits))


documents = st.one_of([st.binary(max_size=50), *map(with_odd_values, SOUND), *map(with_other_texts, SOUND)])


def excerpt(value: Any, random: Random) -> Any:
    """Of each list in it three neighbours at most, for speed, and so that damage hits more than markets."""
    if isinstance(value, dict):
        return {name: excerpt(field, random) for name, field in value.items()}
    if isinstance(value, list):
        start = random.randrange(max(1, len(value) - 2))
        return [excerpt(one, random) for one in value[start : start + 3]]
    return value


def damaged(document: bytes, random: Random) -> bytes:
    """The document with odd values in two places at most, and every other time cut, spliced or with another byte."""
    spans = random.choices(values_in(document), k=random.randrange(3))
    document = edited(document, [(span, random.choice(ODD)) for span in spans])
    start, end = sorted(random.choices(range(len(document) + 1), k=2))
    return random.choice(
        [
            *4 * [document],
            document[:start],
            document[:start] + document[end:],
            document[:end] + document[start:],
            document[:start] + random.randbytes(1) + document[start + 1 :],
        ]
    )


def accepted_when_damaged(check: Callable[[bytes], bool], pool: Sequence[Any], count: int) -> int:
    """As `accepted`, for damaged documents: a seed each, so that what fails can be repeated."""
    answers = []
    for seed in range(count):
        random = Random(seed)  # noqa: S311  # no secret
        document = damaged(encoded(excerpt(pool[seed % len(pool)], random)), random)
        try:
            answers.append(check(document))
        except Exception as error:
            error.add_note(f"with seed {seed}")
            raise
    return sum(answers)


def is_playlist(document: bytes) -> bool:
    """Read the document in every way that there is, and use what the pipeline uses of it."""
    for kind in OTHER_KINDS:
        with suppress(DataError):
            decode(document, kind)
    for first, pages in ((document, ()), (document, (PAGE,)), (PLAYLIST, (document,)), (PLAYLIST, (PAGE, document))):
        with suppress(DataError):
            assert on_one_line(merge_pages(first, pages)) == merge_pages(first, pages)
    try:
        playlist_ = decode(document, Playlist)
    except DataError:
        return False
    entries = playlist_.contents.entries if playlist_.contents else []
    assert all(isinstance(one.content, Content | None) for one in entries)
    assert playlist_.total is None or playlist_.total >= 0
    assert decode(on_one_line(document), Playlist) == playlist_
    return True


def has_tables(document: bytes) -> bool:
    """Make tables of the document, if it is a playlist, and read their rows."""
    try:
        playlist_id = decode(document, Playlist).id
    except DataError:
        return False
    transformed = transform(Manifest(DAY, [observed(playlist_id, 0)]), lambda _: document)
    assert transformed.rejected == {}
    return sum(len(frame.rows()) for frame in transformed.frames.values()) > 0


@pytest.mark.parametrize("document", ODD, ids=lambda document: repr(document[:20]))
def test_what_is_no_playlist_is_refused(document: bytes) -> None:
    assert not is_playlist(document)


def test_any_document_is_read_or_refused() -> None:
    assert accepted(is_playlist, documents, TEN_THOUSAND // 2) > 250


def test_any_damaged_document_is_read_or_refused() -> None:
    pool = [json.loads(document) for document in SOUND]
    assert accepted_when_damaged(is_playlist, pool, TEN_THOUSAND // 2) > 250


def test_any_document_that_can_be_read_can_be_transformed() -> None:
    assert accepted(has_tables, with_other_texts(PLAYLIST), 1_000) > 100


# Captures


@pytest.fixture(scope="module")
def captured_documents(captures: Path) -> list[Any]:
    """Every playlist, and what holds them or their entries: pages and listings."""
    found = []
    for path in sorted(file for folder in FOLDERS for file in (captures / folder).iterdir()):
        capture = json.loads(path.read_bytes())
        found += [*playlists_in(path.name, capture), *([capture] if "items" in capture else [])]
    return found


def test_any_damaged_capture_is_read_or_refused(captured_documents: list[Any]) -> None:
    assert accepted_when_damaged(is_playlist, captured_documents, TEN_THOUSAND // 2) > 250


def test_any_damaged_capture_that_can_be_read_can_be_transformed(captured_documents: list[Any]) -> None:
    assert accepted_when_damaged(has_tables, captured_documents, 1_000) > 100


# Playlist ids


PIECES = [
    *("spotify:", "user:", "playlist:", "album:", "https://", "HTTP://", "open.spotify.com/", "play.spotify.com/"),
    *("intl-de/", "embed/", "user/", "playlist/", ID, ID[:-1], ID.lower(), "/", "?si=1", "#top", "mine", "MİNE", ":"),
    *(",", " ", "\n", "\t", "<", ">", '"', "'", "\0", "\x85", "\ufeff", "\ud800", "\N{KELVIN SIGN}", "x" * 10_000),
]


def made_of(pieces: Sequence[str]) -> st.SearchStrategy[str]:
    """Drawn as text with a letter for each piece, which takes half the time of drawing a list."""
    letters = [chr(number) for number in range(len(pieces))]
    return st.text(letters, max_size=6).map(lambda text: text.translate(dict(enumerate(pieces))))


texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.text(BASE62 + "\N{KELVIN SIGN}\N{LATIN SMALL LETTER LONG S}", min_size=22, max_size=22),
    made_of(PIECES),
    made_of([f"{form.format(ID)}," for form in FORMS]),
    made_of([f"{form.format(ID)}," for form in FORMS] + WRONG),
)


def names_playlists(text: str) -> bool:
    with suppress(SettingsError):
        playlist_id = parse_playlist_id(text)
        assert playlist_id in text
        assert parse_playlists(f"{playlist_id},{playlist_id}") == (playlist_id,)
    try:
        playlist_ids = parse_playlists(text)
    except SettingsError:
        return False
    assert playlist_ids is None or all(len(one) == 22 and set(one) <= set(BASE62) for one in playlist_ids)
    return True


def test_any_text_gives_playlist_ids_or_is_refused() -> None:
    assert accepted(names_playlists, texts, TEN_THOUSAND) > 250
