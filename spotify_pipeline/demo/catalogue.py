"""The invented catalogue: which music exists, and which playlists the demo listener sees on a day."""

from datetime import date, timedelta

from spotify_pipeline.demo.model import Playlist
from spotify_pipeline.demo.music import Music
from spotify_pipeline.demo.oddities import podcast_episodes
from spotify_pipeline.demo.plans import LISTENER, PLANS
from spotify_pipeline.demo.playlists import Keeper

FIRST_DAY = date(2026, 10, 1)


class DemoCatalogue:
    """An invented Spotify catalogue with a listener's playlists, which change from day to day.

    The same seed and first day give the same catalogue in every process. Days are computed in order and kept;
    not for use by several threads at once.

    Attributes:
        seed: What decides everything that looks like chance.
        first_day: The day on which the listener's history begins.
        listener: The user to whom the playlists are shown.
        music: All artists, albums and tracks.

    Args:
        seed: Another seed makes another catalogue.
        first_day: The playlists are as old as their plans say on this day, and change from the next day on.
    """

    def __init__(self, seed: int = 2026, first_day: date = FIRST_DAY) -> None:
        self.seed = seed
        self.first_day = first_day
        self.listener = LISTENER
        self.music = Music(seed, until=first_day)
        episodes = podcast_episodes(seed, until=first_day)
        self._keepers = [Keeper(plan, self.music, episodes, seed) for plan in PLANS]
        self._days: list[tuple[Playlist, ...]] = []

    def playlists_on(self, day: date) -> tuple[Playlist, ...]:
        """Return the playlists that the listener owns or follows, in the listener's order.

        Args:
            day: Any day; those before the first are taken for the first.
        """
        number = max(0, (day - self.first_day).days)
        while len(self._days) <= number:
            self._days.append(self._next_day())
        return self._days[number]

    def _next_day(self) -> tuple[Playlist, ...]:
        number = len(self._days)
        day = self.first_day + timedelta(days=number)
        yesterday = {playlist.id: playlist for playlist in self._days[-1]} if self._days else {}
        return tuple(
            keeper.edit(yesterday[keeper.playlist_id], day) if keeper.playlist_id in yesterday else keeper.fill(day)
            for keeper in self._keepers
            if keeper.plan.is_kept_on(number)
        )
