"""What has happened on a day: to how many playlists, and a heading with a list for each of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from spotify_pipeline.history.markdown import escaped, unmarked
from spotify_pipeline.history.versions import Change
from spotify_pipeline.history.words import (
    METADATA_SIGN,
    SIGNS,
    artists_of,
    counted,
    metadata_sentence,
    name_of,
    ordinal,
)

MOST_PLAYLISTS = 30
_MOST_LINES = 20  # of a playlist


class Markup(NamedTuple):
    """How a digest is written.

    Attributes:
        of: a text of other people's, so that nothing in it means anything.
        heading: of such a text, and the address that it leads to.
        title: of such a text, what an item is called.
        bullet: how a line of a list begins.
        plus: the sign of what was added.
    """

    of: Callable[[str], str]
    heading: Callable[[str, str], str]
    title: Callable[[str], str]
    bullet: str
    plus: str


MARKDOWN = Markup(
    of=escaped,
    heading=lambda text, address: f"### [{text}]({address})",
    title=lambda text: f"*{text}*",
    bullet="- ",
    plus=r"\+",  # the sign alone would begin a list
)
PLAIN = Markup(
    of=unmarked,
    heading=lambda text, address: f"{text} ({address})",
    title=lambda text: text,
    bullet="  ",
    plus="+",
)
"""For e-mails, and for chats that are told to take a text as it is."""


class ChangedPlaylist(NamedTuple):
    """A playlist, the day with which it was compared, and what has changed since."""

    playlist_id: str
    name: str
    since: date
    changes: Sequence[Change]


class Counts(NamedTuple):
    """How many playlists had which day.

    Attributes:
        changed: they have events.
        same: they were compared, and have none.
        first: they were read, and there is no earlier reading to compare with.
        missing: they were not read, by status.
    """

    changed: int
    same: int
    first: int
    missing: Mapping[str, int]


def digest(day: date, counts: Counts, shown: Sequence[ChangedPlaylist], markup: Markup = MARKDOWN) -> str:
    """The day's changes.

    Args:
        day: the day.
        counts: of all playlists.
        shown: changed playlists, of which there may be more.
        markup: how the text is written.
    """
    paragraphs = [_summary(counts, markup), *("\n".join(_section(day, playlist, markup)) for playlist in shown)]
    if more := counts.changed - len(shown):
        paragraphs.append(f"And {counted(more, 'playlist')} more.")
    return "\n\n".join(paragraphs)


def _summary(counts: Counts, markup: Markup) -> str:
    if counts.changed:
        said = [f"{counted(counts.changed, 'playlist')} changed", *([f"{counts.same} did not"] if counts.same else [])]
    elif counts.same:
        said = [f"Nothing has changed: {counted(counts.same, 'playlist')} as before"]
    else:
        said = ["Nothing could be compared"]
    if counts.first:
        said.append(f"{counts.first} read for the first time")
    if counts.missing:
        reasons = ", ".join(f"{number} {status}" for status, number in counts.missing.items())
        said.append(f"nothing is known of those not read: {markup.of(reasons)}")
    return f"{'; '.join(said)}."


def _section(day: date, playlist: ChangedPlaylist, markup: Markup) -> Iterator[str]:
    days = (day - playlist.since).days
    since = f", since {playlist.since}, {days} days before" if days > 1 else ""
    address = f"https://open.spotify.com/playlist/{playlist.playlist_id}"
    yield f"{markup.heading(markup.of(playlist.name), address)}{since}\n"
    lines = [f"{markup.bullet}{_line(change, markup)}" for change in playlist.changes[:_MOST_LINES]]
    yield from lines
    if more := len(playlist.changes) - len(lines):
        yield f"{markup.bullet}and {more:,} more"


def _line(change: Change, markup: Markup) -> str:
    event = change.event
    if event.event not in SIGNS:
        return f"{METADATA_SIGN} {markup.of(metadata_sentence(event.event, event.old_value, event.new_value))}"
    subject = change.subject
    name = markup.title(markup.of(name_of(subject))) if subject else markup.of(event.item_key or "")
    artists = markup.of(artists_of(subject)) if subject else ""
    title = f"{name} \N{EN DASH} {artists}" if artists else name
    end = {
        "moved": f" from {ordinal(event.previous_position)} to {ordinal(event.position)}",
        "replaced": " by another release of the same recording",
    }.get(event.event, "")
    sign = SIGNS[event.event].replace("+", markup.plus)
    return f"{sign} {event.event} {title}{end}"
