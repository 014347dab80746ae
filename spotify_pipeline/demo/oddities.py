"""What playlists hold besides music from Spotify: podcast episodes, and files from the listener's disk."""

from datetime import date, timedelta

from spotify_pipeline.demo.model import Episode, LocalFile, Show
from spotify_pipeline.demo.repeatable import Dice, image_key, spotify_id

LOCAL_FILES = (
    LocalFile("Uncle Pieter", "Garage Tapes", "Untitled Rehearsal 3", 312),
    LocalFile("The Attic Band", "Demos 2009", "Bicycle Song (rough mix)", 187),
    LocalFile("Oma Greta", "", "Geburtstag 1994", 94),
    LocalFile("School Choir", "Winter Concert", "Three Candles", 201),
    LocalFile("Voice Memo", "", "idea for chorus", 41),
    LocalFile("Uncle Pieter", "Garage Tapes", "Slow One in G", 266),
)

_SHOWS = (  # name, description, topics of the episodes
    (
        "The Long Way Round",
        "Two friends cycle across Europe and talk to people who mend things.",
        ("The Bridge Keeper", "A Tram in Winter", "Forty Kinds of Bread", "The Last Ferry", "Rain in Graz"),
    ),
    (
        "Liner Notes Aloud",
        "How one song was made, told by the people in the room.",
        ("The Missing Snare", "One Take", "A Choir of Nine", "Tape Hiss", "Borrowed Strings"),
    ),
    (
        "Small Science",
        "Big questions, a quarter of an hour each.",
        ("Why Ice Floats", "Counting Crows by Ear", "The Colour of Noise", "Do Plants Hear?", "Dust"),
    ),
)


def podcast_episodes(seed: int, until: date) -> list[Episode]:
    """Return the episodes of all podcasts.

    Args:
        seed: The seed of the catalogue.
        until: The latest day on which an episode may have come out.
    """
    dice = Dice(seed, "podcasts")
    episodes = []
    for name, about, topics in _SHOWS:
        key = (seed, "show", name)
        show = Show(spotify_id(*key), name, about, image_key(*key))
        for number, topic in enumerate(topics, start=1):
            episode = Episode(
                id=spotify_id(*key, "episode", number),
                name=f"{number}: {topic}",
                description=f"{topic}. {about}",
                show=show,
                duration_ms=dice.between(780_000, 3_900_000),
                release_date=(until - timedelta(weeks=1 + len(topics) - number)).isoformat(),
            )
            episodes.append(episode)
    return episodes
