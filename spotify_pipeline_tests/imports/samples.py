"""The files that the documentation imports."""

import shutil
from pathlib import Path

from spotify_pipeline_tests.imports.documents import FILES

_SAMPLES = {
    "My_list.csv": "exportify/watsonbox_2022.csv",
    "playlists.json": "spotify_backup/2022.json",
    "playlists.txt": "spotify_backup/2015_windows.txt",
    "Playlist1.json": "account_export/Playlist_2025.json",
}


def write_samples(folder: Path) -> None:
    """Put each of them into a folder, under the name that the documentation gives it."""
    for name, sample in _SAMPLES.items():
        shutil.copyfile(FILES / sample, folder / name)
