"""The invented music: artists with their albums, singles and re-issues, and compilations of all of them.

It depends on the seed and on the first day (nothing is released later) and does not change afterwards.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from spotify_pipeline.demo.genres import GENRES, Genre
from spotify_pipeline.demo.model import Album, AlbumType, Artist, Track
from spotify_pipeline.demo.names import Namer
from spotify_pipeline.demo.repeatable import Dice, digest, image_key, spotify_id

_ARTISTS_PER_GENRE = 14
_COMPILATIONS_PER_GENRE = 2
_TRACKS_PER_DISC = 14
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_COMPILATION_TITLES = (
    "{genre} Sampler, Vol. {number}",
    "The {genre} Box",
    "{number} Years of {genre}",
    "{genre}: The Lost Singles",
    "Hidden {genre}",
)

ReleaseDate = tuple[str | None, str | None]  # the date, and how exact it is

# Old and sloppy deliveries really look like this, so there is one compilation of each kind.
_ODD_RELEASE_DATES: tuple[ReleaseDate, ...] = (("0000", "year"), (None, None))


class _Recording(NamedTuple):
    """What was played once. Each release of it is a track of its own, with the same ISRC."""

    name: str
    artists: tuple[Artist, ...]
    duration_ms: int
    explicit: bool
    isrc: str


class _Sleeve(NamedTuple):
    """What is printed on an album."""

    name: str
    album_type: AlbumType
    artist: Artist
    released: ReleaseDate


class Music:
    """All music that can be in a playlist.

    Attributes:
        artists: The artists by id.
        albums: The albums by id.
        tracks: The tracks by id.
        album_tracks: The tracks of each album, by its id, in order.
        genre_tracks: The tracks of each genre, by its name.

    Args:
        seed: Another seed makes other music.
        until: The day of the latest possible release.
    """

    def __init__(self, seed: int, until: date) -> None:
        self.artists: dict[str, Artist] = {}
        self.albums: dict[str, Album] = {}
        self.tracks: dict[str, Track] = {}
        self.album_tracks: defaultdict[str, list[Track]] = defaultdict(list)
        self.genre_tracks: defaultdict[str, list[Track]] = defaultdict(list)
        self.until = until
        self._seed = seed
        self._dice = Dice(seed, "music")
        self._recordings = 0
        odd_dates = list(_ODD_RELEASE_DATES)
        various = self._introduce("Various Artists")
        for genre in GENRES:
            scene = self._form_scene(genre)
            for artist in scene:
                _Career(self, genre, artist, scene, Dice(seed, "career", artist.name)).unfold()
            for title in self._dice.sample(_COMPILATION_TITLES, _COMPILATIONS_PER_GENRE):
                name = title.format(genre=genre.name.title(), number=self._dice.between(2, 25))
                day = until - timedelta(days=self._dice.below(3000))
                released = odd_dates.pop() if odd_dates else (day.isoformat(), "day")
                self._compile(genre, _Sleeve(name, "compilation", various, released))

    def release(self, genre: Genre, sleeve: _Sleeve, recordings: Sequence[_Recording]) -> None:
        """Bring out an album."""
        key = (self._seed, "album", sleeve.artist.name, sleeve.album_type, sleeve.name)
        album = Album(
            id=spotify_id(*key),
            name=sleeve.name,
            album_type=sleeve.album_type,
            artists=(sleeve.artist,),
            release_date=sleeve.released[0],
            release_date_precision=sleeve.released[1],
            total_tracks=len(recordings),
            image=image_key(*key),
            upc=str(int.from_bytes(digest("upc", *key)[:6], "big") % 10**12).zfill(12),
        )
        self.albums[album.id] = album
        for place, recording in enumerate(recordings):
            track = Track(
                id=spotify_id(*key, "track", place),
                name=recording.name,
                album=album,
                artists=recording.artists,
                disc_number=place // _TRACKS_PER_DISC + 1,
                track_number=place % _TRACKS_PER_DISC + 1,
                duration_ms=recording.duration_ms,
                explicit=recording.explicit,
                isrc=recording.isrc,
                is_playable=not self._dice.chance(0.004),
            )
            self.tracks[track.id] = track
            self.album_tracks[album.id].append(track)
            self.genre_tracks[genre.name].append(track)

    def next_designation(self) -> int:
        """Return the five digits that end an ISRC, never the same again."""
        self._recordings += 1
        # A prime step through all five-digit numbers: each comes once, and neighbours look unrelated.
        return self._recordings * 38_287 % 100_000

    def _form_scene(self, genre: Genre) -> list[Artist]:
        """Introduce the genre's artists, who know each other."""
        namer = Namer(genre, self._dice)
        return [self._introduce(namer.new_name(genre.artists)) for _ in range(_ARTISTS_PER_GENRE)]

    def _introduce(self, name: str) -> Artist:
        artist = Artist(spotify_id(self._seed, "artist", name), name, image_key(self._seed, "artist", name))
        self.artists[artist.id] = artist
        return artist

    def _compile(self, genre: Genre, sleeve: _Sleeve) -> None:
        """Bring out a compilation of the genre's recordings, none of them twice."""
        chosen = self._dice.sample(self.genre_tracks[genre.name], self._dice.between(16, 30))
        recordings = {
            track.isrc: _Recording(track.name, track.artists, track.duration_ms, track.explicit, track.isrc)
            for track in chosen
        }
        self.release(genre, sleeve, list(recordings.values()))


class _Career:
    """One artist's life in music: albums a few years apart, some with a single before or a re-issue after."""

    def __init__(self, music: Music, genre: Genre, artist: Artist, scene: Sequence[Artist], dice: Dice) -> None:
        self._music = music
        self._genre = genre
        self._artist = artist
        self._scene = [other for other in scene if other is not artist]
        self._dice = dice
        self._namer = Namer(genre, dice)
        self._registrant = "".join(dice.sample(_LETTERS, 2)) + str(dice.below(10))

    def unfold(self) -> None:
        """Bring out all that the artist ever made."""
        dice, last = self._dice, self._music.until
        year = dice.between(self._genre.since, last.year - 1)
        for _ in range(dice.between(1, 4)):
            if year <= last.year:
                self._album(min(date(year, 1, 1) + timedelta(days=dice.below(365)), last))
            year += dice.between(2, 5)

    def _album(self, day: date) -> None:
        dice = self._dice
        title = self._namer.new_name(self._genre.albums)
        recordings = [self._record(day) for _ in range(dice.between(*self._genre.album_tracks))]
        if dice.chance(0.5):
            single = dice.pick(recordings)
            self._release(single.name, "single", [single], day - timedelta(days=dice.between(14, 80)))
        self._release(title, "album", recordings, day)
        later = day + timedelta(days=dice.between(200, 900))
        if dice.chance(0.2) and later < self._music.until:
            bonus = [self._record(later) for _ in range(3)]
            self._release(f"{title} (Deluxe Edition)", "album", recordings + bonus, later)

    def _record(self, day: date) -> _Recording:
        dice, genre = self._dice, self._genre
        name = self._namer.new_name(genre.songs)
        guests = dice.sample(self._scene, dice.pick((1, 1, 1, 2))) if dice.chance(genre.guests) else []
        if guests and genre.names_guests:
            name += f" (feat. {' & '.join(guest.name for guest in guests)})"
        return _Recording(
            name=name,
            artists=(self._artist, *guests),
            duration_ms=dice.between(genre.seconds[0] * 1000, genre.seconds[1] * 1000),
            explicit=dice.chance(genre.explicit),
            isrc=f"{dice.pick(genre.countries)}{self._registrant}{day:%y}{self._music.next_designation():05}",
        )

    def _release(self, name: str, album_type: AlbumType, recordings: Sequence[_Recording], day: date) -> None:
        sleeve = _Sleeve(name, album_type, self._artist, self._release_date(day))
        self._music.release(self._genre, sleeve, recordings)

    def _release_date(self, day: date) -> ReleaseDate:
        """Write the date as exactly as it is usually known of a release of that age."""
        if self._dice.chance(0.7 if day.year < 1985 else 0.12 if day.year < 2000 else 0.005):
            return f"{day:%Y}", "year"
        if self._dice.chance(0.03):
            return f"{day:%Y-%m}", "month"
        return day.isoformat(), "day"
