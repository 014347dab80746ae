"""The files that the documentation imports."""

import shutil
from pathlib import Path

from spotify_pipeline_tests.imports.archives import Archive, pretty
from spotify_pipeline_tests.imports.documents import FILES

_SAMPLES = {
    "My_list.csv": "exportify/watsonbox_2022.csv",
    "playlists.json": "spotify_backup/2022.json",
    "playlists.txt": "spotify_backup/2015_windows.txt",
    "Playlist1.json": "account_export/Playlist_2025.json",
    "My_list.m3u8": "addresses/mixtape.m3u8",
}


def write_samples(folder: Path) -> None:
    """Put each of them into a folder, under the name that the documentation gives it."""
    for name, sample in _SAMPLES.items():
        shutil.copyfile(FILES / sample, folder / name)
    playlist = pretty("5AbCdEfGhIjKlMnOpQrSt1", "Hits", [1, 2])
    Archive(folder / "spotify-playlist-archive").commit(
        "2026-01-01 00:02:00", "Run 3 via schedule", {"5AbCdEfGhIjKlMnOpQrSt1": playlist}
    )
