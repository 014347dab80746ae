"""Export and import: what a playlist was like on a day is the same once it has been in a file of another program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.cli.main import main
from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.settings import load_settings

KEPT = {
    "csv": ("position", "item_type", "item_key", "track_id", "name", "added_at", "added_by_id", "duration_ms"),
    "json": (
        "position",
        "item_type",
        "item_key",
        "track_id",
        "name",
        "added_at",
        "added_by_id",
        "is_playable",
        "duration_ms",
    ),
    "m3u8": ("position", "item_type", "item_key", "track_id"),
    "uris": ("position", "item_type", "item_key", "track_id"),
}
"""What a format holds of an item."""

LEFT_OUT: dict[str, set[str]] = {"csv": set(), "json": set(), "m3u8": {"unavailable"}, "uris": {"unavailable", "local"}}
"""What it has no place for."""

CREDITS = """
SELECT track_id, t.name, t.isrc, album_id, b.name, b.release_date, artist_id, r.name
FROM tracks t
JOIN albums b USING (snapshot_date, album_id)
JOIN track_artists a USING (snapshot_date, track_id)
JOIN artists r USING (snapshot_date, artist_id)
JOIN playlist_items i USING (snapshot_date, track_id)
WHERE playlist_id IN ({})
ORDER BY 1, 7
"""

EACH_KIND = """
SELECT min(playlist_id), snapshot_date FROM playlist_items GROUP BY item_type, snapshot_date ORDER BY 1
"""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of the demo."""
    folder = tmp_path_factory.mktemp("history")
    call(folder, "demo", "--days", "1")
    return folder


def call(data: Path, *command: str) -> None:
    """Run the command line over a data folder."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPOTIFY_PIPELINE_DATA_DIR", str(data))
        main(list(command))


def ask(data: Path, sql: str) -> list[tuple[Any, ...]]:
    return open_backends(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(data))).engine.ask(sql).rows


def items(data: Path, playlist: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    chosen = ", ".join(columns)
    return ask(data, f"SELECT {chosen} FROM playlist_items WHERE playlist_id = '{playlist}' ORDER BY position")


@pytest.mark.no_cover
@pytest.mark.parametrize("output", KEPT)
def test_a_playlist_that_was_exported_and_imported_is_the_same(output: str, history: Path, tmp_path: Path) -> None:
    kinds, chosen = set(), sorted(set(ask(history, EACH_KIND)))
    for playlist, day in chosen:
        file = tmp_path / f"{playlist}.{output}"
        call(history, "export", "--playlist", playlist, "--format", output, "--output", str(file))
        call(tmp_path / "data", "import", str(file), "--playlist", playlist, "--day", str(day))
        expected = items(history, playlist, KEPT[output])
        expected = [row for row in expected if row[1] not in LEFT_OUT[output]]
        expected = [(position, *row[1:]) for position, row in enumerate(expected)]
        assert items(tmp_path / "data", playlist, KEPT[output]) == expected
        kinds |= {row[1] for row in expected}
    assert kinds == {"track", "episode", "local", "unavailable"} - LEFT_OUT[output]
    if output in ("csv", "json"):
        question = CREDITS.format(", ".join(f"'{playlist}'" for playlist, _ in chosen))
        told = ask(history, question)
        assert told
        assert ask(tmp_path / "data", question) == told
