"""Which playlists: from what people paste to playlist ids."""

import re

from spotify_pipeline.errors import SettingsError

MINE = "mine"

OWN = "imported-"
"""What the id of a playlist begins with of which a file does not tell Spotify's; none of Spotify's has a hyphen."""

# Base62, always 22 characters. `user/NAME/playlist/ID` is the form before 2018, still found in old links.
_PLAYLIST = re.compile(
    r"""
    (?: spotify: (?: user: [^:]+ : )? playlist:
      | (?: https?:// )? (?: open | play ) \.spotify\.com/
        (?: intl-[A-Za-z-]+ / )? (?: embed / )? (?: user/ [^/]+ / )? playlist/
    )?
    (?P<id> [0-9A-Za-z]{22} )
    /? (?: [?#] .* )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,  # without ASCII, [a-z] would match the Kelvin sign and the long s
)


_OWN = re.compile(rf"{OWN}[a-z0-9-]+", re.ASCII)


def parse_playlist_id(text: str) -> str:
    """The playlist id in an id, a URI or a URL.

    Raises:
        SettingsError: `text` is none of these.
    """
    match = _PLAYLIST.fullmatch(text.strip().strip("<>\"'"))
    if match is None:
        raise SettingsError(
            f"{text.strip()!r} is not a playlist: give its id (22 letters and digits), its URI "
            "(spotify:playlist:…) or its URL (https://open.spotify.com/playlist/…)."
        )
    return match["id"]


def parse_kept_id(text: str) -> str:
    """The id of a playlist that may be in the history: Spotify's, as `parse_playlist_id` takes it, or one of our own.

    Raises:
        SettingsError: `text` is neither.
    """
    return own[0] if (own := _OWN.fullmatch(text.strip())) else parse_playlist_id(text)


def parse_playlists(text: str) -> tuple[str, ...] | None:
    """The playlist ids in a list with commas or white space between, in order and without repetition.

    Returns:
        None for `mine`: all playlists of the logged-in user.

    Raises:
        SettingsError: an entry is not a playlist, or there is none.
    """
    entries = [entry for entry in re.split(r"[,\s]+", text) if entry]
    if [entry.lower() for entry in entries] == [MINE]:
        return None
    if not entries:
        raise SettingsError("SPOTIFY_PIPELINE_PLAYLISTS is empty: say `mine`, or give ids, URIs or URLs.")
    return tuple(dict.fromkeys(parse_playlist_id(entry) for entry in entries))
