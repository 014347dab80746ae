import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from filelock import FileLock
from pydantic import SecretStr

from spotify_pipeline.errors import StorageError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify import token_store
from spotify_pipeline.spotify.consent import Consent
from spotify_pipeline.spotify.documents import Account
from spotify_pipeline.spotify.token_store import TokenFile, TokenRecord, current_consent, record_key

MOMENT = datetime(2026, 1, 2, 12, tzinfo=UTC)
RECORD = TokenRecord(
    refresh_token="refresh-token",
    access_token="access-token",
    access_token_ends=MOMENT,
    scopes=("playlist-read-private",),
    account=Account("me", "Me"),
    consented_at=MOMENT,
)


@pytest.fixture
def store(tmp_path: Path) -> TokenFile:
    """A store in a folder that is not there yet."""
    return TokenFile(tmp_path / "data" / "spotify_token.json")


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def save(store: TokenFile, record: TokenRecord = RECORD, key: str = "key") -> None:
    with store.locked():
        store.save(key, record)


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_what_was_saved_is_read_by_another_process(store: TokenFile) -> None:
    assert store.read("key") is None
    save(store)
    assert TokenFile(store.path).read("key") == RECORD
    assert store.read("another key") is None


def test_records_do_not_disturb_each_other(store: TokenFile) -> None:
    other = TokenRecord(first_used_at=MOMENT)
    save(store)
    save(store, other, "another key")
    save(store, other, "another key")
    assert (store.read("key"), store.read("another key")) == (RECORD, other)


def test_nobody_else_may_read_it_whatever_the_umask(store: TokenFile, open_umask: None) -> None:
    save(store)
    save(store)
    assert modes(store.path.parent) == {0o600}


def test_nobody_else_may_read_what_is_written_on_the_way(
    store: TokenFile, open_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(file: int) -> None:
        assert os.fstat(file).st_size
        seen.append(modes(store.path.parent))

    monkeypatch.setattr("os.fsync", look)
    save(store)
    assert seen == [{0o600}]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o700, 0o777])
def test_a_wrong_mode_is_put_right_before_it_is_read(store: TokenFile, mode: int) -> None:
    save(store)
    store.path.chmod(mode)
    assert store.read("key") == RECORD
    assert modes(store.path.parent) == {0o600}


def test_what_a_killed_process_left_is_in_nobody_s_way(store: TokenFile) -> None:
    save(store)
    left = store.path.with_suffix(".new")
    left.write_text("half a rec")
    left.chmod(0o644)
    save(store, TokenRecord(refresh_token="second-refresh-token"))
    assert store.read("key") == TokenRecord(refresh_token="second-refresh-token")
    assert not left.exists()
    assert modes(store.path.parent) == {0o600}


def full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_what_was_there(store: TokenFile, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save(store)
    monkeypatch.setattr(step, full_disk)
    with pytest.raises(StorageError, match=rf"^Cannot keep the login in {store.path} \(No space left on device\): "):
        save(store, TokenRecord())
    assert store.read("key") == RECORD
    assert not store.path.with_suffix(".new").exists()


def test_a_process_that_is_killed_leaves_a_whole_file_and_no_lock(store: TokenFile) -> None:
    writing = f"""
from pathlib import Path
from spotify_pipeline.spotify.documents import Account
from spotify_pipeline.spotify.token_store import TokenRecord, TokenFile
store = TokenFile(Path({str(store.path)!r}))
for number in range(10**9):
    with store.locked():
        store.save("key", TokenRecord(refresh_token=f"refresh-token-{{number}}"))
"""
    with subprocess.Popen([sys.executable, "-c", writing]) as process:
        while not store.path.exists():
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    record = store.read("key")
    assert record is not None
    assert record.refresh_token.startswith("refresh-token-")
    save(store)
    assert store.read("key") == RECORD


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    store = TokenFile(tmp_path / "data" / "spotify_token.json")
    assert store.read("key") is None
    with pytest.raises(StorageError, match=rf"^Cannot keep the login in {store.path} \(File exists\): "):
        save(store)


def test_a_file_that_cannot_be_read_is_named(store: TokenFile) -> None:
    store.path.mkdir(parents=True)
    with pytest.raises(StorageError, match=rf"^Cannot keep the login in {store.path} \(Is a directory\): "):
        store.read("key")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"refresh-token"',
        b'{"key": {"refresh_token": 7}}',
        b"\xff",
        b'{"key": {"consented_at": "2026-01-02"}}',
    ],
)
def test_a_damaged_file_is_named_and_made_anew_by_the_next_login(store: TokenFile, content: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(
        StorageError, match=rf"^{store.path}, which keeps the login, is damaged: run `spotify-pipe"
    ) as caught:
        store.read("key")
    assert "refresh-token" not in str(caught.value)
    save(store)
    assert store.read("key") == RECORD


def test_one_holds_the_lock_and_the_others_wait(store: TokenFile) -> None:
    order = []

    def wait_and_say() -> None:
        with TokenFile(store.path).locked():
            order.append("other")

    with store.locked():
        other = threading.Thread(target=wait_and_say)
        other.start()
        other.join(0.1)
        order.append("first")
    other.join(5)
    assert order == ["first", "other"]


def test_a_lock_that_is_never_let_go_is_named(store: TokenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_store, "_LOCK_SECONDS", 0.05)
    store.path.parent.mkdir()
    lock = store.path.with_suffix(".lock")
    with (
        FileLock(lock),
        pytest.raises(StorageError, match=rf"^Another process has kept {lock} locked for 0.05 seconds"),
    ):
        save(store)


def test_no_token_is_shown_with_a_record() -> None:
    shown = f"{RECORD!r} {RECORD}"
    assert "Me" in shown
    assert not re.search("refresh-token|access-token", shown)


def test_keys_tell_logins_apart_and_show_no_token() -> None:
    keys = [
        record_key(url, client, SecretStr(token) if token else None)
        for url in ("https://accounts.test/", "https://other.test/")
        for client in ("app", "other-app")
        for token in (None, "refresh-token", "other-refresh-token")
    ]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)
    assert record_key("https://accounts.test", "app", None) == keys[0]


def test_times_are_stored_with_their_zone(store: TokenFile) -> None:
    save(store)
    [stored] = msgspec.json.decode(store.path.read_bytes()).values()
    assert stored["consented_at"] == "2026-01-02T12:00:00Z"


def test_the_consent_is_that_of_the_settings(store: TokenFile, settings_for: Callable[..., Settings]) -> None:
    def consent(**variables: str) -> Consent | None:
        return current_consent(settings_for("https://accounts.test", **variables), store)

    assert consent() is None
    save(store, RECORD, record_key("https://accounts.test", "client", None))
    given = record_key("https://accounts.test", "client", SecretStr("refresh-token"))
    save(store, TokenRecord(first_used_at=MOMENT), given)
    assert consent(SPOTIFY_REFRESH_TOKEN="") == Consent(MOMENT, is_exact=True)
    assert consent(SPOTIFY_REFRESH_TOKEN="refresh-token") == Consent(MOMENT, is_exact=False)
    assert consent(SPOTIFY_REFRESH_TOKEN="another") is None
    assert consent(SPOTIFY_REFRESH_TOKEN="", SPOTIPY_CLIENT_ID="another") is None
    assert consent(SPOTIPY_CLIENT_ID="") is None
    assert TokenRecord().consent is None
