"""What remembers logins: tokens and consents, and the lock around refreshing. On a laptop, a file for one user's eyes.

A record belongs to what `login` got for an app, or to a refresh token that the environment gives. With these records
parallel processes refresh once, and a refresh token that Spotify has replaced outlives the process.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from filelock import FileLock, Timeout
from msgspec import Meta, Struct
from pydantic import SecretStr

from spotify_pipeline.errors import StorageError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.consent import Consent
from spotify_pipeline.spotify.documents import Account

_ONLY_MINE = 0o600
_LOCK_SECONDS = 150  # longer than one request for a token may take

_Time = Annotated[datetime, Meta(tz=True)]


class TokenRecord(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of one login.

    Attributes:
        refresh_token: what gives new access tokens; empty as long as it is the one in the environment.
        access_token: the newest one, if there is one.
        access_token_ends: when that one ends, by this machine's clock.
        scopes: what the user agreed to.
        account: who agreed; known where `login` was run.
        consented_at: when that was; known where `login` was run.
        first_used_at: since when the environment's refresh token is used here.
    """

    refresh_token: str = ""
    access_token: str = ""
    access_token_ends: _Time | None = None
    scopes: tuple[str, ...] = ()
    account: Account | None = None
    consented_at: _Time | None = None
    first_used_at: _Time | None = None

    def __repr__(self) -> str:
        """Without the tokens."""
        return f"<TokenRecord account={self.account} consent={self.consent}>"

    @property
    def consent(self) -> Consent | None:
        """The user's consent, as far as it is known."""
        if self.consented_at:
            return Consent(self.consented_at, is_exact=True)
        return Consent(self.first_used_at, is_exact=False) if self.first_used_at else None


def record_key(accounts_url: str, client_id: str, refresh_token: SecretStr | None) -> str:
    """The key of the record for a refresh token from the environment, or without one for the login of an app.

    The address is part of it, so that no server is ever sent a token that another one gave.
    """
    given = refresh_token.get_secret_value() if refresh_token else None
    return hashlib.sha256(msgspec.json.encode([accounts_url.rstrip("/"), client_id, given])).hexdigest()


class TokenStore(Protocol):
    """Keeps records, and lets one process at a time refresh and write, as far as it can."""

    @property
    def location(self) -> str:
        """Where they are kept, for people."""
        ...

    @property
    def can_lock(self) -> bool:
        """Whether `locked` keeps anybody waiting."""
        ...

    def read(self, key: str) -> TokenRecord | None:
        """The record under this key, if there is one; `StorageError` where it cannot be read."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes from refreshing and writing meanwhile."""
        ...

    def save(self, key: str, record: TokenRecord) -> None:
        """Replace the record under this key; to be called under the lock. What cannot be kept is a `StorageError`."""
        ...

    def forget(self, account_id: str) -> bool:
        """Let go the logins of an account, under the lock; gives whether there were any. `StorageError` as above."""
        ...


def current_consent(settings: Settings, store: TokenStore) -> Consent | None:
    """The consent that a run with these settings relies on; None without a user, or before the first run.

    Raises:
        StorageError: as `TokenStore.read`.
    """
    if not settings.client_id:
        return None
    record = store.read(record_key(str(settings.accounts_url), settings.client_id, settings.refresh_token))
    return record.consent if record else None


class TokenFile:
    """A file that nobody else may read, nor what is written on the way to it."""

    can_lock = True

    def __init__(self, path: Path) -> None:
        """A store in `path`, which is created with the first record."""
        self.path = path

    @property
    def location(self) -> str:
        """The path."""
        return f"{self.path}, for you alone"

    def read(self, key: str) -> TokenRecord | None:
        """The record under this key, if there is one.

        Raises:
            StorageError: the file cannot be read, is damaged, or cannot be made unreadable for others.
        """
        return self._records().get(key)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from refreshing and writing meanwhile.

        Raises:
            StorageError: the folder cannot be written, or another process does not let go.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_SECONDS, mode=_ONLY_MINE)
            lock.acquire()
        except Timeout as error:
            raise StorageError(
                f"Another process has kept {error.lock_file} locked for {_LOCK_SECONDS} seconds: end it and run again."
            ) from None
        except OSError as error:
            raise self._unusable(error) from None
        try:
            yield
        finally:
            lock.release()

    def save(self, key: str, record: TokenRecord) -> None:
        """Replace the record under this key; to be called under the lock. A damaged file is made anew.

        Raises:
            StorageError: the file cannot be written; what was there stays.
        """
        try:
            records = self._records()
        except _DamagedError:
            records = {}
        self._write(records | {key: record})

    def forget(self, account_id: str) -> bool:
        """Let go the logins of an account, under the lock; gives whether there were any.

        Raises:
            StorageError: the file cannot be read or written; what was there stays.
        """
        self.path.with_suffix(".new").unlink(missing_ok=True)  # as below
        records = self._records()
        kept = {key: record for key, record in records.items() if not _is_of(record, account_id)}
        if len(kept) < len(records):
            self._write(kept)
        return len(kept) < len(records)

    def _write(self, records: dict[str, TokenRecord]) -> None:
        content = msgspec.json.format(msgspec.json.encode(records), indent=1)
        new = self.path.with_suffix(".new")
        try:
            new.unlink(missing_ok=True)  # a process that was killed may have left it
            try:
                with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_MINE), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(self.path)
            except BaseException:
                with suppress(OSError):
                    new.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._unusable(error) from None

    def _records(self) -> dict[str, TokenRecord]:
        try:
            with self.path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & ~_ONLY_MINE:  # copied, perhaps, or restored
                    os.fchmod(file.fileno(), _ONLY_MINE)
                content = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise self._unusable(error) from None
        try:
            return msgspec.json.decode(content, type=dict[str, TokenRecord])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _DamagedError(
                f"{self.path}, which keeps the login, is damaged: run `spotify-pipeline login`, which makes it anew."
            ) from None

    def _unusable(self, error: OSError) -> StorageError:
        return StorageError(
            f"Cannot keep the login in {self.path} ({error.strerror}): make room or give permission there, or choose "
            "another folder with SPOTIFY_PIPELINE_DATA_DIR."
        )


def _is_of(record: TokenRecord, account_id: str) -> bool:
    return record.account is not None and record.account.id == account_id


class _DamagedError(StorageError):
    """The file holds something else than records."""
