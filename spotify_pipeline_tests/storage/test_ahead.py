"""Documents are read before they are asked for, where that saves time, and as many as are worth it."""

import gzip
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Lock

import pytest

from spotify_pipeline.errors import DataError
from spotify_pipeline.storage.ahead import read_ahead
from spotify_pipeline.storage.objects import FolderStore
from spotify_pipeline.storage.raw import RawStore

DAY = date(2026, 10, 5)
IDS = [f"list{number}" for number in range(12)]
MISSING = IDS[7]


class Distant(FolderStore):
    """A store whose answers take a while, and which is worth being asked four times at once."""

    at_once = 4

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked, self.under_way, self.most_under_way, self._lock = list[str](), 0, 0, Lock()

    def get(self, key: str) -> bytes:
        with self._lock:
            self.asked.append(key)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        time.sleep(0.01)
        with self._lock:
            self.under_way -= 1
        return super().get(key)


class Near(Distant):
    at_once = 1


@pytest.fixture(params=[Distant, Near])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Distant:
    made: Distant = request.param(tmp_path)
    for playlist_id in IDS:
        if playlist_id != MISSING:
            made.put(f"playlists/snapshot_date={DAY}/{playlist_id}.json.gz", gzip.compress(playlist_id.encode()))
    return made


def read_all(read: Callable[[str], bytes]) -> dict[str, str]:
    found = {}
    for playlist_id in IDS:
        try:
            found[playlist_id] = read(playlist_id).decode()
        except DataError as error:
            found[playlist_id] = str(error)
    return found


def test_each_document_is_its_own_and_what_is_wrong_with_one_is_told_in_its_turn(store: Distant) -> None:
    with read_ahead(RawStore(store), DAY, IDS) as read:
        found = read_all(read)
    assert f"{MISSING}.json.gz" in found.pop(MISSING)
    assert found == {playlist_id: playlist_id for playlist_id in IDS if playlist_id != MISSING}
    assert len(store.asked) == len(IDS)
    assert store.most_under_way == store.at_once


def test_whoever_stops_in_the_middle_has_read_little_more(store: Distant) -> None:
    with read_ahead(RawStore(store), DAY, IDS) as read:
        read(IDS[0])
    assert len(store.asked) <= 1 + store.at_once


def test_another_order_is_a_mistake(tmp_path: Path) -> None:
    with read_ahead(RawStore(Distant(tmp_path)), DAY, IDS) as read, pytest.raises(ValueError, match="not list3"):
        read(IDS[3])
