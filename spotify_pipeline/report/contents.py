"""The panels about what stands on playlists: decades, artists, overlap, positions, stays."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from spotify_pipeline.report import summaries, words
from spotify_pipeline.report.days import gap_keys
from spotify_pipeline.report.facts import MOST_LISTED, POSITION_DAYS, READ, Facts, Overlap, Position
from spotify_pipeline.report.history import ONE_DAY, History, Span, without_items
from spotify_pipeline.report.panels import Cell, Key, Link, Panel, Rows

MOST_IN_MATRIX = 16


def decades(facts: Facts, scope: str) -> Panel:
    """From when the music is."""
    found = [one for one in facts.decades if one.scope == scope]
    dated = {one.decade: one.tracks for one in found if one.decade is not None}
    undated = sum(one.tracks for one in found if one.decade is None)
    summary = summaries.decades(dated, undated)
    if not dated:
        return Panel(summary=summary)
    whole = sum(dated.values()) + undated
    every = range(min(dated), max(dated) + 10, 10)  # also those without tracks: the axis is time
    rows: Rows = [
        {"decade": f"{ten}s", "tracks": dated.get(ten, 0), "about": _share(dated.get(ten, 0), whole)} for ten in every
    ]
    if undated:
        rows.append({"decade": "?", "tracks": undated, "about": _share(undated, whole)})
    return Panel(
        summary=summary,
        data={"rows": rows},
        head=("Decade", "Tracks", "Share"),
        rows=[(str(row["decade"]), int(row["tracks"] or 0), str(row["about"])) for row in rows],
    )


def artists(facts: Facts, scope: str) -> Panel:
    """Who is on most tracks."""
    found = [one for one in facts.artists if one.scope == scope]
    whole = sum(one.tracks for one in facts.decades if one.scope == scope)
    return Panel(
        summary=summaries.artists(found, whole),
        head=("Artist", "Tracks", "Share"),
        rows=[(Link(one.name, one.url), one.tracks, _share(one.tracks, whole)) for one in found],
        bars=_bars([one.tracks for one in found]),
    )


def overlap_of_all(facts: Facts, history: History) -> Panel:
    """What each pair of playlists shares, as a matrix of those that share most."""
    shared: defaultdict[str, int] = defaultdict(int)
    present = {one for one in facts.in_detail if not history.is_gone(one)}
    pairs = [one for one in facts.overlaps if one.playlist_id in present and one.other_id in present]
    for pair in pairs:
        shared[pair.playlist_id] += pair.shared
    chosen = sorted(shared, key=lambda one: (-shared[one], one))[:MOST_IN_MATRIX]
    found = {(one.playlist_id, one.other_id): one for one in pairs}
    inside = sorted(
        (one for one in pairs if one.playlist_id < one.other_id), key=lambda one: (-one.shared, -_of_smaller(one))
    )
    summary = summaries.overlap_of_all(
        [(facts.name(one.playlist_id), facts.name(one.other_id), one) for one in inside], len(present)
    )
    if not inside:
        return Panel(summary=summary)
    rows: Rows = []
    for order, one in enumerate(chosen):
        for other_order, other in enumerate(chosen[:order]):
            shares = found.get((one, other))
            rows.append(
                {
                    "one": order,
                    "other": other_order,
                    "shared": shares.shared if shares else 0,
                    "percent": _of_smaller(shares) if shares else 0,
                    "about": f"{facts.name(one)} and {facts.name(other)}",
                }
            )
    names: Rows = [{"order": order, "name": facts.name(one)} for order, one in enumerate(chosen)]
    legend = ("less than 5%", "5%", "10%", "20% or more of the recordings of the smaller one")
    return Panel(
        summary=summary,
        data={"rows": rows, "names": names},
        legend=tuple(Key(f"level-{number}", text) for number, text in enumerate(legend, 1)),
        head=("Playlist", "Playlist", "Recordings in both", "Of the smaller"),
        rows=[
            (
                Link(facts.name(one.playlist_id), scope=one.playlist_id),
                Link(facts.name(one.other_id), scope=one.other_id),
                one.shared,
                words.percent(one.shared, min(one.size, one.other_size)),
            )
            for one in inside
        ],
    )


def overlap_of_one(facts: Facts, scope: str) -> Panel:
    """Which others share most with a playlist."""
    found = [one for one in facts.overlaps if one.playlist_id == scope][:MOST_LISTED]
    return Panel(
        summary=summaries.overlap_of_one([(facts.name(one.other_id), one) for one in found]),
        head=("Playlist", "In both", "Share"),
        rows=[(_to(facts, one.other_id), one.shared, words.percent(one.shared, one.size)) for one in found],
        bars=_bars([one.shared for one in found]),
    )


def positions(facts: Facts, scope: str, spans: Sequence[Span]) -> Panel:
    """What stood at the top, day by day."""
    found = [one for one in facts.positions if one.playlist_id == scope]
    days = sorted({one.day for one in found})
    if len(days) < 2:
        return Panel(summary=summaries.too_few_positions(spans, len(days)))
    since = max(spans[0].first_day, spans[-1].last_day - timedelta(days=POSITION_DAYS - 1))
    here = {one.item_key for one in found if one.day == days[-1]}
    rows: Rows = [
        {
            "day": str(one.day),
            "position": one.position + 1,
            "line": number,
            "kind": "here" if one.item_key in here else "left",
            "name": one.name or one.item_key,
            "is_last": int(one is line[-1]),
            "is_now": int(one.day == days[-1]),
        }
        for number, line in enumerate(_lines(found, days))
        for one in line
    ]
    gaps = [span for span in spans if span.state != READ and since <= span.last_day < days[-1]]
    by_item: defaultdict[str, list[Position]] = defaultdict(list)
    for one in found:
        by_item[one.item_key].append(one)
    ordered = sorted(by_item.values(), key=lambda its: (-its[-1].day.toordinal(), its[-1].position))
    return Panel(
        summary=summaries.positions(found, days),
        data={
            "rows": rows,
            "gaps": [
                {
                    # Points are at the beginning of their day.
                    "start": f"{max(gap.first_day, since) - ONE_DAY}T12:00Z",
                    "end": f"{gap.last_day}T12:00Z",
                    "style": gap.state,
                    "about": f"{words.count(gap.days, 'day')} {gap.words}",
                }
                for gap in without_items(gaps)
            ],
        },
        head=("Item", "Days among the first ten", "Best position", "Last position", "On"),
        rows=[
            (
                Link(its[0].name or its[0].item_key, track_url(its[0].track_id)),
                len({one.day for one in its}),
                1 + min(one.position for one in its),
                1 + its[-1].position,
                str(its[-1].day),
            )
            for its in ordered
        ],
        legend=(Key("here", "among them now"), Key("left", "no longer"), *gap_keys(gaps)),
    )


def stays(facts: Facts, scope: str) -> Panel:
    """What has stood longest on one playlist, or on any."""
    found = [one for one in facts.stays if (one.playlist_id == scope if scope else one.place_of_all <= MOST_LISTED)]
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        where = "" if scope else f"{facts.name(one.playlist_id)} · "
        is_there = one.is_current and one.last_seen == facts.newest_day
        until = "still there" if is_there else f"last seen on {words.day(one.last_seen)}"
        added = f" · added on {words.day(one.added_at.date())}" if one.added_at else ""
        link = Link(one.name or one.item_key, track_url(one.track_id), note=f"{where}{until}{added}")
        rows.append((link, summaries.days_of_stay(one)))
    return Panel(
        summary=summaries.stays(found), head=("Item", "Days"), rows=rows, bars=_bars([one.days_min for one in found])
    )


def _bars(lengths: Sequence[int]) -> list[float]:
    return [one / max(lengths) if min(lengths) < max(lengths) else 0.0 for one in lengths]


def _to(facts: Facts, playlist_id: str) -> Link:
    """A link to a playlist's part of this page; to its page in Spotify, where it has none here."""
    if playlist_id in facts.in_detail:
        return Link(facts.name(playlist_id), scope=playlist_id)
    return Link(facts.name(playlist_id), facts.url(playlist_id))


def track_url(track_id: str | None) -> str | None:
    """The track's page; only tracks have one."""
    return f"https://open.spotify.com/track/{track_id}" if track_id else None


def _lines(found: Sequence[Position], days: Sequence[date]) -> list[list[Position]]:
    """Lines to draw: the positions of one occurrence of an item on days that follow each other, without any gap."""
    lines: list[list[Position]] = []
    by_day: defaultdict[date, list[Position]] = defaultdict(list)
    for one in found:
        by_day[one.day].append(one)
    reaching: defaultdict[str, list[list[Position]]] = defaultdict(list)  # those that go up to the day before, by item
    for number, day in enumerate(days):
        if number and days[number - 1] + ONE_DAY < day:
            reaching.clear()
        continued: defaultdict[str, list[list[Position]]] = defaultdict(list)
        for one in by_day[day]:
            if waiting := reaching[one.item_key]:
                line = waiting.pop(0)
            else:
                lines.append(line := [])
            line.append(one)
            continued[one.item_key].append(line)
        reaching = continued
    return lines


def _of_smaller(pair: Overlap) -> float:
    return round(100 * pair.shared / min(pair.size, pair.other_size), 1)


def _share(part: int, whole: int) -> str:
    return words.percent(part, whole) if whole else ""
