"""How much memory extraction takes, whatever the size of the library."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spotify_pipeline.settings import Settings
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY
from spotify_pipeline_tests.faults.big_spotify import BigSpotify
from spotify_pipeline_tests.faults.processes import TODAY, environment

_MOST_KILOBYTES = 512 * 1024


@pytest.mark.no_cover
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the memory of a process like this")
@pytest.mark.parametrize(("playlists", "items"), [(2_000, 100), (1, 10_000)])
def test_a_library_of_any_size_is_extracted_within_512_megabytes(
    playlists: int, items: int, settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    with BigSpotify(playlists, items) as spotify:
        settings = settings_for(spotify.url)
        extraction = subprocess.run(
            [*TODAY, "extract"],
            env=environment(settings),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    assert extraction.returncode == 0, extraction.stderr
    assert spotify.bytes_sent > 3_000 * playlists * items
    documents = list(settings.data_dir.glob(f"raw/playlists/snapshot_date={FIRST_ARCHIVE_DAY}/*.json.gz"))
    assert len(documents) == playlists
    peak = int(extraction.stdout.split()[-1])
    assert 0 < peak < _MOST_KILOBYTES
