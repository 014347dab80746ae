"""The digest of a day, read as Markdown."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from spotify_pipeline.history.digest import PLAIN, ChangedPlaylist, Counts, digest
from spotify_pipeline.history.markdown import escaped, unmarked
from spotify_pipeline.history.versions import Change
from spotify_pipeline.history.words import visible
from spotify_pipeline.spotify.documents import Playlist
from spotify_pipeline_tests.history.readings import HOSTILE, HOSTILE_PLAYLISTS, ID, SECOND, comparison, playlist, track
from spotify_pipeline_tests.history.test_comparison_formats import AFTER, BEFORE, CHANGED

PAGE = f"https://open.spotify.com/playlist/{ID}"
NOTHING = Counts(changed=0, same=0, first=0, missing={})


def section(before: Playlist, after: Playlist, *, days: int = 1) -> str:
    changes = comparison(before, after).changes
    changed = ChangedPlaylist(ID, after.name or ID, SECOND - timedelta(days=days), changes)
    return digest(SECOND, NOTHING._replace(changed=1), [changed])


def tokens(markdown: str) -> list[Token]:
    """All of them, and that there is no HTML and no link but to Spotify."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    found = [token for block in parsed for token in (block, *(block.children or ()))]
    assert not {token.type for token in found} & {"html_block", "html_inline", "image", "s_open", "table_open"}
    assert {token.attrs["href"] for token in found if token.type == "link_open"} <= {PAGE}
    return found


def text_of(parsed: Sequence[Token]) -> str:
    return "".join(token.content for token in parsed if token.type in {"text", "text_special"})


def test_a_changed_playlist_is_a_heading_that_leads_to_spotify_and_a_line_for_each_change() -> None:
    assert section(BEFORE, AFTER) == (
        "1 playlist changed.\n\n"
        f"### [Mix 2]({PAGE})\n\n"
        "- ✎ renamed from “Mix” to “Mix 2”\n"
        "- ✎ description changed from “Old \\& new” to nothing\n"
        "- \N{MINUS SIGN} removed *Two* \N{EN DASH} Bo\n"
        "- \N{MINUS SIGN} removed *Tape* \N{EN DASH} Me\n"
        "- \N{MINUS SIGN} removed *(no longer available)*\n"
        "- ↕ moved *Four* \N{EN DASH} Di from 6 to 1\n"
        "- ⇄ replaced *Three* \N{EN DASH} Cy by another release of the same recording\n"
        "- \\+ added *Five* \N{EN DASH} Ed, Flo"
    )


def test_a_gap_is_said_in_the_heading() -> None:
    assert f"({PAGE}), since 2026-11-01, 3 days before\n" in section(BEFORE, AFTER, days=3)


def test_a_long_list_is_cut_and_says_how_much_is_left() -> None:
    lines = section(playlist(), playlist(*(track(f"Song {number}") for number in range(57)))).splitlines()
    assert sum("added" in line for line in lines) == 20
    assert lines[-1] == "- and 37 more"


def test_where_the_documents_are_gone_addresses_stand_for_names() -> None:
    bare = [Change(change.event, None, None) for change in CHANGED.changes]
    text = digest(SECOND, NOTHING._replace(changed=1), [ChangedPlaylist(ID, ID, SECOND, bare)])
    assert "\\+ added spotify:track:Five" in text


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (NOTHING._replace(same=9), "Nothing has changed: 9 playlists as before."),
        (NOTHING._replace(first=2), "Nothing could be compared; 2 read for the first time."),
        (
            NOTHING._replace(missing={"failed": 1, "not_found": 2}),
            "Nothing could be compared; nothing is known of those not read: 1 failed, 2 not\\_found.",
        ),
        (NOTHING._replace(same=1, first=1), "Nothing has changed: 1 playlist as before; 1 read for the first time."),
    ],
)
def test_a_quiet_day_is_said_to_be_one_and_what_is_not_known_is_not_called_unchanged(
    counts: Counts, sentence: str
) -> None:
    assert digest(SECOND, counts, []) == sentence


def test_playlists_that_are_not_shown_are_counted() -> None:
    text = digest(
        SECOND, NOTHING._replace(changed=31, same=4), [ChangedPlaylist(ID, "Mix", SECOND, CHANGED.changes[:1])]
    )
    assert text.startswith("31 playlists changed; 4 did not.")
    assert text.endswith("And 30 playlists more.")


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_a_hostile_name_is_text(name: str) -> None:
    parsed = tokens(f"*{escaped(name)}*")
    assert text_of(parsed).replace("\N{WORD JOINER}", "") == visible(name)


def test_what_is_not_a_link_is_not_made_one_by_githubs_markdown() -> None:
    for address in ("https://evil.example", "www.evil.example", "me@evil.example", "HTTP://EVIL.EXAMPLE"):
        assert address not in escaped(address)
        assert address not in unmarked(address)


def test_without_markup_signs_are_what_they_are_and_addresses_in_full() -> None:
    changed = ChangedPlaylist(ID, "*Mix* & more", SECOND - timedelta(days=1), CHANGED.changes)
    assert digest(SECOND, Counts(changed=1, same=0, first=0, missing={"not_found": 2}), [changed], PLAIN) == (
        "1 playlist changed; nothing is known of those not read: 2 not_found.\n\n"
        f"*Mix* & more ({PAGE})\n\n"
        "  ✎ renamed from “Mix” to “Mix 2”\n"
        "  ✎ description changed from “Old & new” to nothing\n"
        "  \N{MINUS SIGN} removed Two \N{EN DASH} Bo\n"
        "  \N{MINUS SIGN} removed Tape \N{EN DASH} Me\n"
        "  \N{MINUS SIGN} removed (no longer available)\n"
        "  ↕ moved Four \N{EN DASH} Di from 6 to 1\n"
        "  ⇄ replaced Three \N{EN DASH} Cy by another release of the same recording\n"
        "  + added Five \N{EN DASH} Ed, Flo"
    )


def test_a_very_long_name_is_cut() -> None:
    assert escaped("x" * 5_000) == "x" * 199 + "…"


@given(HOSTILE_PLAYLISTS, HOSTILE_PLAYLISTS)
def test_whatever_the_names_there_is_one_heading_and_one_point_for_each_change(
    before: Playlist, after: Playlist
) -> None:
    changes = comparison(before, after).changes
    found = tokens(section(before, after))
    assert sum(token.type == "heading_open" for token in found) == 1
    assert sum(token.type == "list_item_open" for token in found) == min(len(changes), 21)
