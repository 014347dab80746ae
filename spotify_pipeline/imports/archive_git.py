"""A clone of a playlist archive (mackorone/spotify-playlist-archive): each run of its bot is a day of its playlists.

A version of `playlists/pretty/<id>.json` holds for the day on which the run began that has written it. It holds as well
on later days with a run of all playlists, until the next version, but for no more than thirty days: the archive keeps
the file of a playlist that Spotify no longer shows, without a word.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.imports.archive_json import PRETTY
from spotify_pipeline.imports.found import Contents, File, Found, Refusal
from spotify_pipeline.imports.ids import is_spotifys

NAME = PRETTY.name
_FOLDER = "playlists/pretty"
_LONGEST_UNCHANGED = timedelta(days=30)
_GONE = re.compile(r"0+")
_RUN = re.compile(
    r"""
    \[skip\ ci\]\ (?: (?: Build\ \# | Run:\ ) \d+\ \( )? (?P<began> \d{4}-\d\d-\d\d\ \d\d:\d\d:\d\d ) \)?
    | Run\ \d+\ via\ (?P<event> \w+ )
    """,
    re.VERBOSE | re.ASCII,
)
_OF_SOME = "push"  # such a run reads only what has just been registered


class _Run(NamedTuple):
    """A run of the archive's bot: when it began, and whether it has read all playlists."""

    began: datetime
    is_whole: bool


class _Version(NamedTuple):
    """A version of a playlist's file; without `blob` it was deleted."""

    day: date
    commit: str
    began: datetime
    blob: str | None


def is_archive(path: Path) -> bool:
    """Whether a folder is a clone of such an archive."""
    is_clone = (path / ".git").exists() or ((path / "objects").is_dir() and (path / "HEAD").is_file())
    return is_clone and bool(_git(path, "ls-tree", "HEAD", f"{_FOLDER}/"))


def playlists_in(path: Path, playlist_id: str | None = None) -> Iterator[tuple[str, Contents]]:
    """The name of each playlist's file, and its versions as days, one in memory at a time: each read before the next.

    Args:
        path: the clone.
        playlist_id: the only playlist to read.

    Raises:
        SettingsError: git is not installed, or cannot read the clone.
        DataError: there is no such playlist, or the clone lacks some of its history.
    """
    runs = _runs(path)
    files = _versions(path, f"{_FOLDER}/{playlist_id}.json" if playlist_id else _FOLDER, runs)
    if not files:
        which = playlist_id or "any playlist"
        raise DataError(
            f"The archive {path} has no JSON of {which} by its bot, which has written some since 2021-11-22."
        )
    whole = sorted({run.began.date() for run in runs.values() if run.is_whole})
    with _blobs(path) as read_blob:
        for file in sorted(files):
            refused: list[Refusal] = []
            name = PurePosixPath(file).name
            yield name, Contents(_found(name, files[file], whole, read_blob, refused), refused)


def _found(
    name: str, versions: Sequence[_Version], whole: Sequence[date], read_blob: "_ReadBlob", refused: list[Refusal]
) -> Iterator[Found]:
    for version, following in zip(versions, [*versions[1:], None], strict=True):
        if version.blob is None:
            continue
        until = following.day if following else date.max
        until = min(until, version.day + _LONGEST_UNCHANGED + timedelta(days=1))
        file = File(name, read_blob(version.blob), version.began)
        if not PRETTY.recognises(file):
            refused.append(Refusal(f"{version.day}", "the version of that day is no playlist"))
            continue
        contents = PRETTY.read(file)
        refused += [Refusal(f"{version.day}, {place}", reason) for place, reason in contents.refused]
        for found in contents.playlists:
            yield replace(
                found,
                day=version.day,
                fetched_at=version.began,
                # A song may have been added while the run was under way, which has gone on until the day after.
                newest=None,
                source=f"commit {version.commit[:10]}",
                same_on=[day for day in whole if version.day < day < until],
            )


def _runs(path: Path) -> dict[str, _Run]:
    """The runs by commit; what people have committed is none."""
    runs = {}
    for line in _git(path, "log", "--format=%H%x09%ct%x09%s", "HEAD").splitlines():
        commit, committed, subject = line.split("\t", 2)
        if match := _RUN.match(subject):
            began = (
                datetime.fromisoformat(match["began"]).replace(tzinfo=UTC)
                if match["began"]
                else datetime.fromtimestamp(int(committed), UTC)
            )
            runs[commit] = _Run(began, match["event"] != _OF_SOME)
    return runs


def _versions(path: Path, under: str, runs: Mapping[str, _Run]) -> dict[str, list[_Version]]:
    """The versions of each file, a day's last one, oldest first."""
    files: dict[str, dict[date, _Version]] = {}
    commit = ""
    log = _git(path, "log", "--reverse", "--raw", "--no-abbrev", "--no-renames", "--format=%H", "HEAD", "--", under)
    for line in log.splitlines():
        if not line.startswith(":"):
            commit = line or commit
            continue
        about, _, file = line.partition("\t")
        blob = about.split(" ")[3]
        if (run := runs.get(commit)) and is_spotifys(PurePosixPath(file).stem) and file.endswith(".json"):
            day = run.began.date()
            files.setdefault(file, {})[day] = _Version(day, commit, run.began, None if _GONE.fullmatch(blob) else blob)
    return {file: [versions[day] for day in sorted(versions)] for file, versions in files.items()}


def _git(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # git, with arguments of our own
            ["git", "-c", "core.quotePath=false", *arguments],  # noqa: S607  # wherever it is installed
            cwd=path,
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        raise _no_git() from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["it does not say why"]
        raise SettingsError(f"git cannot read the archive {path}: {said[0]}.") from None
    return done.stdout.decode(errors="replace")


class _ReadBlob:
    """Gives the content of a blob, over one process for all of them."""

    def __init__(self, path: Path, asking: IO[bytes], answering: IO[bytes]) -> None:
        self._path, self._asking, self._answering = path, asking, answering

    def __call__(self, blob: str) -> bytes:
        self._asking.write(f"{blob}\n".encode())
        self._asking.flush()
        header = self._answering.readline().split()
        if len(header) != 3 or header[1] != b"blob":
            raise DataError(f"The clone {self._path} lacks some of its history: fetch it whole, or the playlist alone.")
        content = self._answering.read(int(header[2]))
        self._answering.read(1)  # a line feed
        return content


@contextmanager
def _blobs(path: Path) -> Iterator[_ReadBlob]:
    command = ["git", "cat-file", "--batch"]
    try:
        process = subprocess.Popen(command, cwd=path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # as above
    except FileNotFoundError:
        raise _no_git() from None
    with process:
        assert process.stdin is not None  # noqa: S101  # for the type checker: both are pipes
        assert process.stdout is not None  # noqa: S101
        yield _ReadBlob(path, process.stdin, process.stdout)


def _no_git() -> SettingsError:
    return SettingsError("A clone of an archive is read with git, which is not installed: install it.")
