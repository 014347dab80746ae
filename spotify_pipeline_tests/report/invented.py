"""Facts that no history has at once: names that mean harm, playlists of which nothing is known, a single day."""

from datetime import date, datetime, timedelta

from spotify_pipeline.report.facts import Artist, Change, Decade, Facts, Overlap, Playlist, Position, Run, Stay

DAY = date(2026, 3, 2)
LONG = "An endless name, " * 20
HOSTILE = (
    '</script><script>window.harmed = 1</script><img src="https://harm.example/x" onerror="window.harmed = 1">',
    "<!-- <script> &amp; &lt;b&gt; {{ 7 * 7 }} {% raw %} \u2028 ' \" `${window.harmed = 1}` __proto__",
    "\u202eright to left שלום مرحبا 🎧👩‍👩‍👧‍👦",
    LONG,
    "",
)


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def read(playlist_id: str, first: int, last: int, items: int = 3) -> Run:
    return Run(playlist_id, "read", "", items, day(first), day(last), datetime(2026, 3, 2, 6, 30))  # noqa: DTZ001  # as SQL gives it


def gap(playlist_id: str, first: int, last: int, state: str = "failed", reason: str = "Bad gateway") -> Run:
    return Run(playlist_id, state, reason, None, day(first), day(last), None)


def change(playlist_id: str, on: int, added: int = 1, removed: int = 1, gap_days: int = 1) -> Change:
    return Change(playlist_id, day(on), added, removed, 0, 0, 0, gap_days)


def facts_of(*runs: Run, changes: tuple[Change, ...] = (), names: dict[str, str] | None = None) -> Facts:
    """Facts about playlists of which nothing is known but what came of them."""
    ids = sorted({run.playlist_id for run in runs})
    playlists = {
        one: Playlist(one, (names or {}).get(one, f"Playlist {one}"), _address("playlist", one)) for one in ids
    }
    return Facts(list(runs), list(changes), playlists, ids, [], [], [], [], [])


def hostile_facts() -> Facts:
    """Every name is one that means harm, wherever the page shows one."""
    ids = [f"p{number}" for number in range(len(HOSTILE))]
    runs = [run for one in ids for run in (read(one, 0, 1), gap(one, 2, 2, reason=HOSTILE[0]), read(one, 3, 3))]
    facts = facts_of(
        *runs,
        changes=tuple(change(one, on, gap_days=gap_days) for one in ids for on, gap_days in ((1, 1), (3, 2))),
        names=dict(zip(ids, HOSTILE, strict=True)),
    )
    facts.playlists["p1"] = facts.playlists["p1"]._replace(url="javascript:window.harmed = 1")
    scopes = ["", *ids]
    positions = [
        Position(one, day(on), position, f"spotify:track:{position}", f"t{position}", HOSTILE[(position + on) % 5])
        for one in ids
        for on in (0, 1, 3)
        for position in range(5)
    ]
    return facts._replace(
        decades=[Decade(scope, decade, 7) for scope in scopes for decade in (1970, 1990, None)],
        artists=[Artist(scope, name, "javascript:window.harmed = 1", 9, 5) for scope in scopes for name in HOSTILE],
        overlaps=[Overlap(one, other, 2, 3, 5) for one in ids for other in ids if one != other],
        positions=positions,
        stays=[
            Stay(
                one,
                HOSTILE[place],
                "spotify:track:x",
                '"><script>window.harmed = 1</script>',
                None,
                day(3),
                4,
                4,
                False,
                True,
                1,
                place + 1,
            )
            for place, one in enumerate(ids)
        ],
    )


def _address(kind: str, spotify_id: str) -> str:
    return f"https://open.spotify.com/{kind}/{spotify_id}"


EMPTY_CASES = {
    "one day": facts_of(read("p", 0, 0)),
    "nothing ever changes": facts_of(read("p", 0, 9)),
    "metadata only": facts_of(gap("p", 0, 9, "restricted", "Spotify shows its contents to nobody else")),
    "never found": facts_of(gap("p", 0, 0, "not_found", "")),
    "all gaps": facts_of(gap("p", 0, 0), gap("p", 2, 2), gap("p", 5, 9, "not_found", "It is gone")),
    "empty playlist": facts_of(read("p", 0, 3, items=0)),
    "no dates, no artists": facts_of(read("p", 0, 3))._replace(decades=[Decade("", None, 3), Decade("p", None, 3)]),
    "no name": facts_of(read("p", 0, 3), names={"p": ""}),
}
