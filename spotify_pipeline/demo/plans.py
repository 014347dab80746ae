"""The playlists of the demo and the habits of their keepers: how large, how often touched, how untidy."""

from dataclasses import dataclass

from spotify_pipeline.demo.model import User

LISTENER = User("demo-listener", "Demo Listener")
FRIENDS = (User("mika.sund", "Mika"), User("oriane_b", "Oriane B."), User("31tkx7yq4hzlmwa2", "Tomasz"))
RADIO = User("bluehourradio", "Blue Hour Radio")

_EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one playlist is kept.

    Attributes:
        names: What it is called; the first one first, others as the mood changes. Descriptions likewise.
        size: How many rows its keeper thinks right.
        weekdays: When it may be touched (Monday is 0), with this chance on each such day.
        swap: The fewest and the most rows that come, and that go, when it is touched.
        restlessness: The daily chance of another name, and of another description, and of another cover.
        years: How long before the catalogue's first day it was begun.
        first_day: The catalogue's day (from 0) on which it appears.
        end_day: The day from which on it is gone.
        undated: Old rows of which Spotify no longer knows when and by whom they were added.
        lost: Rows whose content Spotify has lost.
        doubled: Rows that repeat a track.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    genres: tuple[str, ...]
    size: int
    weekdays: tuple[int, ...] = _EVERY_DAY
    chance: float = 1.0
    swap: tuple[int, int] = (1, 3)
    restlessness: float = 0.03
    owner: User = LISTENER
    contributors: tuple[User, ...] = ()
    is_public: bool = True
    followers: int = 0
    has_cover: bool = True
    newest_first: bool = False
    years: int = 2
    first_day: int = 0
    end_day: int | None = None
    undated: int = 0
    lost: int = 0
    doubled: int = 0
    unplayable: int = 0
    local_files: int = 0
    episodes: int = 0

    def is_kept_on(self, day_number: int) -> bool:
        """Whether the playlist exists on this day of the catalogue."""
        return self.first_day <= day_number and (self.end_day is None or day_number < self.end_day)


PLANS = (
    Plan(
        names=("New Year's Eve (draft)", "New Year's Eve"),
        descriptions=("Still collecting. No ballads before midnight!", "Doors 8 pm, ballads after 3 am."),
        genres=("synth pop", "soul", "afrobeat"),
        size=58,
        chance=0.6,
        is_public=False,
        has_cover=False,
        first_day=11,
    ),
    Plan(
        names=("On Repeat: Autumn", "On Repeat: Winter", "On Repeat: Spring", "On Repeat: Summer"),
        descriptions=("what I can't stop playing", "this month's ear worms, newest on top"),
        genres=("indie folk", "hip hop", "dream pop", "synth pop"),
        size=44,
        chance=0.95,
        swap=(1, 3),
        newest_first=True,
        years=1,
        followers=3,
    ),
    Plan(
        names=("Deep Work (no words)",),
        descriptions=(
            "Two and a half hours without a single lyric.",
            "Headphones on, door closed. Mostly ambient & slow techno.",
            "No words, no drops, no surprises.",
        ),
        genres=("ambient", "techno", "classical"),
        size=140,
        chance=0.85,
        swap=(1, 4),
        restlessness=0.03,
        followers=212,
        years=4,
    ),
    Plan(
        names=("Road Trip North", "Road Trip North (everybody adds!)"),
        descriptions=(
            "Add whatever you like, delete nothing that isn't yours",
            "5 days, 1900 km, 4 people, 1 speaker",
        ),
        genres=("indie folk", "latin", "hip hop", "soul", "metal"),
        size=118,
        chance=0.7,
        swap=(0, 4),
        contributors=(LISTENER, *FRIENDS),
        is_public=False,
        years=1,
        doubled=2,
        local_files=2,
        episodes=5,
    ),
    Plan(
        names=("Morning Coffee, No Hurry",),
        descriptions=("Saturday, window open, second cup.", "Saturday, rain, third cup."),
        genres=("indie folk", "jazz", "soul"),
        size=84,
        weekdays=(_SATURDAY,),
        swap=(3, 7),
        followers=41,
        years=5,
    ),
    Plan(
        names=("Kitchen Dancing",),
        descriptions=("", "for chopping onions to"),
        genres=("latin", "afrobeat", "soul"),
        size=66,
        weekdays=(2, 4, _SUNDAY),
        chance=0.6,
        followers=8,
    ),
    Plan(
        names=("Long Run 10k", "Long Run 12k", "Half Marathon!!"),
        descriptions=("170 bpm or so", "Slow start, strong finish. Podcast for the cool-down."),
        genres=("techno", "hip hop", "synth pop"),
        size=52,
        weekdays=(_SUNDAY,),
        swap=(2, 5),
        is_public=False,
        episodes=3,
        unplayable=1,
    ),
    Plan(
        names=("Riffs & Ruin",),
        descriptions=("Loud. Louder. Done.",),
        genres=("metal",),
        size=92,
        weekdays=(4,),
        swap=(3, 8),
        followers=1187,
        years=6,
    ),
    Plan(
        names=("everything i liked 2011-2019",),
        descriptions=("imported from the old laptop, do not sort",),
        genres=("indie folk", "synth pop", "dream pop", "hip hop", "techno", "jazz"),
        size=286,
        chance=0.02,
        swap=(0, 2),
        restlessness=0.0,
        is_public=False,
        has_cover=False,
        years=14,
        undated=9,
        lost=4,
        doubled=5,
        unplayable=3,
        local_files=5,
    ),
    Plan(
        names=("Rain on the Window",),
        descriptions=("grey sky, warm socks",),
        genres=("ambient", "dream pop", "jazz"),
        size=38,
        chance=0.05,
        swap=(0, 2),
        restlessness=0.005,
        followers=17,
        years=3,
        lost=1,
    ),
    Plan(
        names=("Sunday Strings",),
        descriptions=("Quartets, sonatas, a nocturne or two.", "Quartets & sonatas; slow movements first."),
        genres=("classical",),
        size=57,
        weekdays=(_SUNDAY,),
        chance=0.5,
        swap=(1, 4),
        restlessness=0.01,
        followers=64,
        years=7,
    ),
    Plan(
        names=("Jonas turns 40",),
        descriptions=("Songs from his school years & the best of the afterparty",),
        genres=("synth pop", "hip hop", "soul", "latin"),
        size=61,
        chance=0.4,
        swap=(0, 3),
        is_public=False,
        years=1,
        end_day=19,
    ),
    Plan(
        names=("Blue Hour Radio: This Week's Rotation",),
        descriptions=("The hour before night, on air daily. Updated every day but Sunday.",),
        genres=("dream pop", "ambient", "jazz", "soul"),
        size=100,
        weekdays=(0, 1, 2, 3, 4, _SATURDAY),
        swap=(4, 8),
        restlessness=0.005,
        owner=RADIO,
        followers=48210,
        newest_first=True,
        years=1,
    ),
)
