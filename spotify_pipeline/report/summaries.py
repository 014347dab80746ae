"""The sentences: what each chart says, computed from the same rows; or why it has nothing to show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from spotify_pipeline.report import words
from spotify_pipeline.report.facts import READ, TOP_POSITIONS, Artist, Overlap, Position, Stay
from spotify_pipeline.report.history import GAPS, Span

if TYPE_CHECKING:
    from spotify_pipeline.report.days import DayChanges


def calendar(spans: Sequence[Span], changes: Mapping[date, "DayChanges"]) -> str:
    """On how many of the days something has changed; `spans` has one for each day."""
    known = sum(span.state == READ for span in spans)
    gaps = len(spans) - known
    unknown = f" Of {words.count(gaps, 'day')} it is not known." if gaps else ""
    if not known:
        return f"None of these {words.count(len(spans), 'day')} is known: {_why(spans[-1])}."
    if not changes:
        if known == 1:
            return "Read on a single day so far; changes show from the second on." + unknown
        return f"Nothing has changed on the {words.count(known, 'day')} that are known." + unknown
    busiest = max(changes, key=lambda day: (changes[day].events, day))
    most = words.count(changes[busiest].events, "change")
    return f"Changed on {len(changes)} of {words.count(known, 'day')}, most on {words.day(busiest)}: {most}.{unknown}"


def flow(changes: Mapping[date, "DayChanges"], first: date, newest: date) -> str:
    """How much came and went."""
    added, removed = sum(one.added for one in changes.values()), sum(one.removed for one in changes.values())
    days = words.count((newest - first).days + 1, "day")
    return f"{words.count(added, 'item')} came and {removed:,} went within {days}: {_net(added - removed)}."


def no_flow(spans: Sequence[Span]) -> str:
    """Why nothing is drawn."""
    known = sum(span.days for span in spans if span.state == READ)
    if not known:
        return never_read(spans)
    if known == 1:
        return "Read on a single day so far; what comes and goes shows from the second on."
    return f"Nothing came and nothing went on the {words.count(known, 'day')} that are known."


def never_read(spans: Sequence[Span]) -> str:
    """Why nothing is known of a playlist."""
    return f"What stands on it could not be read on any day: {_why(spans[-1])}."


def length(read: Sequence[Span]) -> str:
    """From where to where the length went."""
    first, last = read[0].items or 0, read[-1].items or 0
    low, high = min(span.items or 0 for span in read), max(span.items or 0 for span in read)
    now = f"{words.count(last, 'item')} on {words.day(read[-1].last_day)}"
    if low == high:
        return f"{now}, as many as on every day that is known."
    return f"{now}, {first:,} on {words.day(read[0].first_day)}; between {low:,} and {high:,} meanwhile."


def coverage(spans: Sequence[Span], *, overall: bool, left_out: int) -> str:
    """How many of the days are known; `left_out` playlists have no gap and are not drawn."""
    days = sum(span.days for span in spans)
    known = sum(span.days for span in spans if span.state == READ)
    gaps = {meaning: sum(span.days for span in spans if span.state == state) for state, meaning in GAPS.items()}
    unit = "playlist-day" if overall else "day"
    share = f"{words.percent(known, days)} of {words.count(days, unit)} {'are' if days != 1 else 'is'} known"
    missing = [f"{number:,} {meaning}" for meaning, number in gaps.items() if number]
    gapless = f" {words.count(left_out, 'playlist')} without any gap {'is' if left_out == 1 else 'are'} not drawn."
    if not missing:
        return f"{share}: there is no gap."
    return f"{share}; the others: {words.listed(missing)}.{gapless if left_out else ''}"


def decades(dated: Mapping[int, int], undated: int) -> str:
    """From when most tracks are."""
    whole = sum(dated.values())
    unknown = f" Of {undated:,} Spotify does not say." if undated else ""
    if not whole:
        if not undated:
            return "There are no tracks."
        return f"Spotify does not say when any of the {words.count(undated, 'track')} was released."
    most = max(dated, key=lambda ten: (dated[ten], ten))
    return (
        f"Most tracks are from the {most}s: {dated[most]:,} of {whole:,} whose date is known, "
        f"{words.percent(dated[most], whole)}.{unknown}"
    )


def artists(found: Sequence[Artist], tracks: int) -> str:
    """Who is credited most, and how much that is."""
    if not found:
        return "There are no tracks whose artists are known."
    first = found[0]
    tied = sum(one.tracks == first.tracks for one in found)
    who = words.quoted(first.name) if tied == 1 else f"{words.quoted(first.name)} and {words.count(tied - 1, 'other')}"
    return (
        f"Of {words.count(first.artists, 'artist')}, {who} {'is' if tied == 1 else 'are'} on most tracks: "
        f"{first.tracks:,} of {tracks:,}{'' if tied == 1 else ' each'}, {words.percent(first.tracks, tracks)}."
    )


def overlap_of_all(pairs: Sequence[tuple[str, str, Overlap]], playlists: int) -> str:
    """Which two share most; `pairs` has that one first."""
    if not pairs:
        return (
            "No recording stands on two playlists." if playlists > 1 else "There is no second playlist to compare with."
        )
    one, other, pair = pairs[0]
    return (
        f"{words.quoted(one)} and {words.quoted(other)} share most: {words.count(pair.shared, 'recording')}, "
        f"{words.percent(pair.shared, min(pair.size, pair.other_size))} of the smaller."
    )


def overlap_of_one(found: Sequence[tuple[str, Overlap]]) -> str:
    """What shares most with a playlist; `found` has that one first."""
    if not found:
        return "None of its recordings stands on another playlist."
    name, pair = found[0]
    return (
        f"It shares most with {words.quoted(name)}: {words.count(pair.shared, 'recording')}, "
        f"{words.percent(pair.shared, pair.size)} of its own."
    )


def positions(found: Sequence[Position], days: Sequence[date]) -> str:
    """How much the top has changed."""
    then = Counter(one.item_key for one in found if one.day == days[0])
    staying = (then & Counter(one.item_key for one in found if one.day == days[-1])).total()
    new = len({one.item_key for one in found} - set(then))
    still = f"{staying} {'is' if staying == 1 else 'are'}" if staying else "none is"
    top = f"Of the first {then.total()} on {words.day(days[0])}, {still} still among the first {TOP_POSITIONS}"
    return f"{top}; {words.count(new, 'other')} {'has' if new == 1 else 'have'} been there since."


def too_few_positions(spans: Sequence[Span], days: int) -> str:
    """Why nothing is drawn."""
    if not any(span.state == READ for span in spans):
        return never_read(spans)
    if not days:
        return "Nothing stood on it on the newest days, or they are not known."
    return "Read on a single day so far; positions move from the second on."


def stays(found: Sequence[Stay]) -> str:
    """Which stay is longest; `found` has it first."""
    if not found:
        return "No item was read on any day."
    first = found[0]
    tied = sum(one.days_min == first.days_min and one.left_censored == first.left_censored for one in found)
    what = words.quoted(first.name or first.item_key)
    if not first.left_censored:
        return f"{what} has stayed longest: {days_of_stay(first)} days."
    if tied > 1:
        return f"Some were there on the first reading already. Of these, {what} was added first, as Spotify says."
    return f"{what} was there on the first reading already: {days_of_stay(first)} days."


def days_of_stay(stay: Stay) -> str:
    """How many days, with bounds where that is not known."""
    if stay.left_censored:
        return f"{stay.days_min:,} or more"
    days = f"{stay.days_min:,}" if stay.days_min == stay.days_max else f"{stay.days_min:,} to {stay.days_max:,}"
    return f"{days} so far" if stay.is_current else days


def _why(span: Span) -> str:
    return span.reason.rstrip(".") or GAPS[span.state]


def _net(more: int) -> str:
    if not more:
        return "as many as before"
    return f"{abs(more):,} {'more' if more > 0 else 'fewer'} than before"
