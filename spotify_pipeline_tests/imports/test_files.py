"""Files under a path: alone, in folders, in ZIP archives."""

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.imports.files import files_under

_TIME = datetime(2026, 3, 1, 12, 30, 2, tzinfo=UTC)


def test_a_file_is_given_with_the_time_at_which_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(b"content")
    os.utime(file, (0, _TIME.timestamp()))
    assert [tuple(each) for each in files_under(file)] == [("list.csv", b"content", _TIME)]


def test_folders_are_walked_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b/2.csv", "a.csv", "b/1.csv", ".hidden/3.csv", "b/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [each.name for each in files_under(tmp_path)] == ["a.csv", "1.csv", "2.csv"]


def test_entries_of_an_archive_have_their_own_times(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "my_spotify_data.zip", "w") as archive:
        archive.mkdir("Spotify Account Data")
        archive.writestr(zipfile.ZipInfo("Spotify Account Data/Playlist1.json", (2026, 3, 1, 12, 30, 2)), b"{}")
        archive.writestr("Spotify Account Data/.hidden", b"")
    assert [tuple(each) for each in files_under(tmp_path)] == [("Playlist1.json", b"{}", _TIME)]


def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no file or folder"):
        list(files_under(tmp_path / "nothing"))
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("list.csv", b"content")
    damaged.write_bytes(damaged.read_bytes().replace(b"content", b"CONTENT"))
    with pytest.raises(DataError, match=r"The archive damaged\.zip cannot be read: Bad CRC-32"):
        list(files_under(damaged))


@pytest.mark.skipif(os.geteuid() == 0, reason="whoever may read everything cannot be refused")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.touch(mode=0)
    with pytest.raises(SettingsError, match=r"Cannot read .*list\.csv: Permission denied"):
        list(files_under(file))
