"""The configured playlists: what the app can read of each, told by as few requests as can tell it."""

from dataclasses import replace
from enum import StrEnum
from functools import partial

from spotify_pipeline.doctor.consultation import Consultation
from spotify_pipeline.doctor.findings import Facts, Finding, Group, State
from spotify_pipeline.errors import SettingsError
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.documents import Account, ListedPlaylist, Playlist, decode
from spotify_pipeline.spotify.errors import RefusedError
from spotify_pipeline.spotify.extraction import listing_pages
from spotify_pipeline.spotify.playlist_ids import MINE, parse_playlists

_SETTING = "SPOTIFY_PIPELINE_PLAYLISTS"


class Access(StrEnum):
    """What the app can read of a playlist."""

    OWNED = "owned"
    COLLABORATIVE = "collaborative"
    READABLE = "readable"
    METADATA_ONLY = "metadata only"
    NOT_FOUND = "not found"


def examine_playlists(spotify: Consultation, configured: str) -> list[Finding]:
    """A summary of the playlists in the setting, and then each of them."""
    try:
        named = parse_playlists(configured)
    except SettingsError as error:
        return [Finding(Group.PLAYLISTS, _SETTING, State.PROBLEM, str(error), fails_day=True)]
    return _mine(spotify) if named is None else _named(spotify, named)


def _mine(spotify: Consultation) -> list[Finding]:
    listed: list[ListedPlaylist | None] = []
    summary = spotify.ask(Group.PLAYLISTS, MINE, lambda: _list(spotify.client, listed))
    summary = replace(summary, fails_day=summary.state is State.PROBLEM)  # without the list the job cannot begin
    return [summary, *(_listed(spotify, entry) for entry in listed if entry and entry.id)]


def _list(client: SpotifyClient, listed: list[ListedPlaylist | None]) -> Finding:
    """Take the user's playlists down in `listed`, as far as they can be had, and count them."""
    if not client.is_user:
        text = f"No user has logged in whose playlists these would be: run `spotify-pipeline login`, or set {_SETTING}."
        return Finding(Group.PLAYLISTS, MINE, State.PROBLEM, text)
    for page in listing_pages(client):
        listed += page.items
    shown = sum(1 for entry in listed if entry and entry.id)
    facts = {"listed": shown, "hidden": len(listed) - shown}
    hidden = f"; not shown to this app: {facts['hidden']}" if facts["hidden"] else ""
    state = State.OK if shown else State.WARNING  # an empty day is published too
    return Finding(Group.PLAYLISTS, MINE, state, f"{shown} listed{hidden}", facts)


def _listed(spotify: Consultation, entry: ListedPlaylist) -> Finding:
    """What can be read of a playlist, by what the list shows of it."""
    if spotify.user is None:
        return _unknown(entry, "account")
    access = _owned_or_shared(entry, spotify.user)
    if access is None and spotify.is_extended is None:
        return _unknown(entry, "app mode")
    return _found(entry, access or (Access.READABLE if spotify.is_extended else Access.METADATA_ONLY))


def _unknown(entry: ListedPlaylist, subject: str) -> Finding:
    return Finding(Group.PLAYLISTS, _name(entry), State.NOT_ASKED, f"see {subject}", _facts(entry, None))


def _named(spotify: Consultation, playlist_ids: tuple[str, ...]) -> list[Finding]:
    asked = [spotify.ask(Group.PLAYLISTS, known, partial(_asked, spotify, known)) for known in playlist_ids]
    findings = [
        replace(finding, facts={**_NO_FACTS, "id": known, **finding.facts})
        for known, finding in zip(playlist_ids, asked, strict=True)
    ]
    return [spotify.ask(Group.PLAYLISTS, _SETTING, lambda: _summary(findings)), *findings]


def _asked(spotify: Consultation, playlist_id: str) -> Finding:
    """What can be read of a playlist, by itself: it comes with its first entries where they may be read."""
    try:
        playlist = decode(spotify.client.playlist(playlist_id), Playlist)
    except RefusedError as error:
        if error.status not in (400, 404):
            raise
        facts = {"status": Access.NOT_FOUND}
        return Finding(Group.PLAYLISTS, playlist_id, State.WARNING, f"{Access.NOT_FOUND}: {error}", facts)
    if playlist.contents is None:
        return _found(playlist, Access.METADATA_ONLY)
    return _found(playlist, _owned_or_shared(playlist, spotify.user) or Access.READABLE)


def _summary(findings: list[Finding]) -> Finding:
    """How many of the playlists the daily job will find."""
    found = sum(finding.facts["status"] not in (None, Access.NOT_FOUND) for finding in findings)
    if found:
        state = State.OK if found == len(findings) else State.WARNING
        return Finding(Group.PLAYLISTS, _SETTING, state, f"{found} of {len(findings)} were found")
    text = f"None of the {len(findings)} playlists in {_SETTING} could be read."
    return Finding(Group.PLAYLISTS, _SETTING, State.PROBLEM, text, fails_day=True)


def _owned_or_shared(playlist: ListedPlaylist | Playlist, user: Account | None) -> Access | None:
    if user and playlist.owner and playlist.owner.id == user.id:
        return Access.OWNED
    return Access.COLLABORATIVE if playlist.collaborative else None


def _found(playlist: ListedPlaylist | Playlist, access: Access) -> Finding:
    is_whole = access is not Access.METADATA_ONLY
    owner = f", of {_owner(playlist)}" if access is not Access.OWNED and _owner(playlist) else ""
    which = "" if is_whole else f" ({playlist.id})"  # to find it again in the setting, or on the web
    state = State.OK if is_whole else State.WARNING
    return Finding(Group.PLAYLISTS, _name(playlist), state, f"{access}{owner}{which}", _facts(playlist, access))


def _name(playlist: ListedPlaylist | Playlist) -> str:
    return playlist.name or str(playlist.id)


def _owner(playlist: ListedPlaylist | Playlist) -> str | None:
    return (playlist.owner.display_name or playlist.owner.id) if playlist.owner else None


_NO_FACTS: Facts = dict.fromkeys(("id", "name", "owner", "status"))


def _facts(playlist: ListedPlaylist | Playlist, access: Access | None) -> Facts:
    return {"id": playlist.id, "name": playlist.name, "owner": _owner(playlist), "status": access}
