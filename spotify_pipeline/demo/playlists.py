"""How a playlist is kept: filled once, then edited day by day, as its plan says."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from spotify_pipeline.demo.model import Content, Episode, Playlist, Row
from spotify_pipeline.demo.music import Music
from spotify_pipeline.demo.oddities import LOCAL_FILES
from spotify_pipeline.demo.plans import Plan
from spotify_pipeline.demo.repeatable import Dice, image_key, spotify_id

FEWEST_ROWS, MOST_ROWS = 30, 300
_UNKNOWN_DATE = "1970-01-01T00:00:00Z"  # what Spotify sends for rows from before it kept dates
_MEMORY = 40  # how many removed songs a keeper may still come back to


class Keeper:
    """Somebody who keeps one playlist.

    Args:
        plan: The habits.
        music: What there is to choose from.
        episodes: The podcast episodes among which to choose.
        seed: The seed of the catalogue.
    """

    def __init__(self, plan: Plan, music: Music, episodes: Sequence[Episode], seed: int) -> None:
        self.plan = plan
        self._key = (seed, "playlist", plan.names[0])
        self.playlist_id = spotify_id(*self._key)
        self._unplayable = [track for track in music.tracks.values() if not track.is_playable]
        self._episodes = episodes
        self._choice = [track for genre in plan.genres for track in music.genre_tracks[genre]]
        self._removed: deque[Content] = deque(maxlen=_MEMORY)

    def fill(self, day: date) -> Playlist:
        """Return the playlist as it is on its first day, with all the oddities that years leave behind."""
        plan, dice = self.plan, Dice(*self._key, "fill")
        is_new = plan.first_day > 0
        count = max(plan.size // 2, FEWEST_ROWS + 4) if is_new else plan.size
        contents = self._first_contents(count, dice)
        ages = [0 if is_new else 1 + dice.below(365 * plan.years) for _ in contents]
        dates = sorted(_moment(day - timedelta(days=age), dice) for age in ages)
        rows = [Row(added_at, self._adder(dice), content) for added_at, content in zip(dates, contents, strict=True)]
        rows[: plan.undated] = [Row(_UNKNOWN_DATE, "", row.content) for row in rows[: plan.undated]]
        if plan.newest_first:
            rows.reverse()
        return Playlist(
            id=self.playlist_id,
            name=plan.names[0],
            description=plan.descriptions[0],
            owner=plan.owner,
            is_public=plan.is_public,
            is_collaborative=bool(plan.contributors),
            followers=plan.followers,
            image=image_key(*self._key) if plan.has_cover else None,
            rows=tuple(rows),
        )

    def edit(self, playlist: Playlist, day: date) -> Playlist:
        """Return the playlist as it is a day later: the same object, if nobody touched it."""
        plan, dice = self.plan, Dice(*self._key, day.isoformat())
        edited = playlist
        if day.weekday() in plan.weekdays and dice.chance(plan.chance):
            rows = self._reordered(self._swapped(playlist.rows, day, dice), dice)
            edited = replace(edited, rows=tuple(rows))
        if edited.followers and edited != playlist:
            edited = replace(edited, followers=max(1, edited.followers + dice.between(-2, 4)))
        if dice.chance(plan.restlessness):
            edited = replace(edited, name=dice.pick(plan.names))
        if dice.chance(plan.restlessness):
            edited = replace(edited, description=dice.pick(plan.descriptions))
        if dice.chance(plan.restlessness) and plan.has_cover:
            edited = replace(edited, image=image_key(*self._key, day.isoformat()))
        return playlist if edited == playlist else edited

    def _first_contents(self, count: int, dice: Dice) -> list[Content | None]:
        plan = self.plan
        oddities: list[Content | None] = [
            *dice.sample(LOCAL_FILES, plan.local_files),
            *dice.sample(self._episodes, plan.episodes),
            *dice.sample(self._unplayable, plan.unplayable),
            *[None] * plan.lost,
        ]
        contents: list[Content | None] = [*dice.sample(self._choice, count - len(oddities) - plan.doubled)]
        oddities += dice.sample(contents, plan.doubled)
        for oddity in oddities:
            contents.insert(dice.below(len(contents)), oddity)
        return contents

    def _swapped(self, rows: Sequence[Row], day: date, dice: Dice) -> list[Row]:
        """Take some rows out and put others in, so that the size stays about what the plan says."""
        plan = self.plan
        clears_out = dice.chance(0.01)
        wanted = len(rows) // 4 if clears_out else dice.between(*plan.swap)
        leaving = dice.sample(range(len(rows)), max(0, min(wanted, len(rows) - FEWEST_ROWS)))
        kept = [row for place, row in enumerate(rows) if place not in leaving]
        missing = max(0, dice.between(*plan.swap) + (plan.size - len(rows)) // 4)
        songs = self._songs_beside(kept, min(missing, MOST_ROWS - len(kept)), dice)
        self._removed.extend(content for place in leaving if (content := rows[place].content))
        dates = sorted(_moment(day, dice) for _ in songs)
        new = [Row(added_at, self._adder(dice), song) for added_at, song in zip(dates, songs, strict=True)]
        return [*reversed(new), *kept] if plan.newest_first else [*kept, *new]

    def _songs_beside(self, rows: Sequence[Row], count: int, dice: Dice) -> list[Content]:
        """Choose songs that are not in the playlist: mostly new ones, sometimes what was there before."""
        present = {row.content.uri for row in rows if row.content}
        songs: list[Content] = []
        while len(songs) < count:
            song = dice.pick(self._removed if self._removed and dice.chance(0.2) else self._choice)
            if song.uri not in present:
                present.add(song.uri)
                songs.append(song)
        return songs

    def _reordered(self, rows: list[Row], dice: Dice) -> list[Row]:
        """Drag a row to another place, or (rarely) shuffle the whole list."""
        if dice.chance(0.01):
            return dice.sample(rows, len(rows))
        if dice.chance(0.3):
            row = rows.pop(dice.below(len(rows)))
            rows.insert(dice.below(len(rows) + 1), row)
        return rows

    def _adder(self, dice: Dice) -> str:
        people = self.plan.contributors or (self.plan.owner,)
        return dice.pick(people).id


def _moment(day: date, dice: Dice) -> str:
    """Return a time of that day, as Spotify writes times."""
    return f"{day.isoformat()}T{dice.between(7, 23):02}:{dice.below(60):02}:{dice.below(60):02}Z"
