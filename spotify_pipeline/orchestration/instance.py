"""The databases of the Dagster instance: Dagster's own for SQLite, in the same files, but kept open.

A day has some 240 events. Dagster's storage stores each in up to four transactions, opens a connection for each of
them, and waits for the disk when it commits and again when it closes the connection: together that takes longer than
the day's work. Here connections stay open, and only checkpoints wait for the disk. So a crash of the program loses
nothing; one of the machine may lose the newest events, not the consistency of what is there.

Files and tables are the same, so Dagster's own storage and this one can have the same folder in turn or at once.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from dagster import DagsterInstance
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

if TYPE_CHECKING:
    import sqlite3

_MOST_FILES = 8
"""How many of the event log are kept open: the index, which is in constant use, and those of the last runs."""
_NO_OUTPUT = {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__}
"""What steps print is on the terminal; to keep a copy Dagster would start two processes for each."""
_STORAGES = ("storage", "run_storage", "event_log_storage", "schedule_storage")


def instance_in(folder: Path) -> DagsterInstance:
    """The instance whose home is `folder`, with these databases unless its `dagster.yaml` names others."""
    config, _ = dagster_instance_config(str(folder))
    if any(config.get(storage) for storage in _STORAGES):
        return DagsterInstance.from_config(str(folder))
    storage = {"module": __name__, "class": OpenSqliteStorage.__name__, "config": {"base_dir": str(folder)}}
    overrides: dict[str, Any] = {"storage": {"custom": storage}}
    if not config.get("compute_logs"):
        overrides["compute_logs"] = _NO_OUTPUT
    return DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides=overrides))


class OpenSqliteStorage(DagsterSqliteStorage):
    """All databases in a folder."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open those in `base_dir`, or make them."""
        super().__init__(base_dir, inst_data)
        history = Path(base_dir, "history")
        self._run_storage = _OpenRuns.from_local(str(history))
        self._event_log_storage = _OpenEventLog(str(history / "runs"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As Dagster makes it from `dagster.yaml`."""
        return cls.from_local(inst_data=inst_data, **config_value)


class _OpenRuns(SqliteRunStorage):
    """The runs, in one file."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine = _open(conn_string)
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        self._engine.dispose()
        super().dispose()


class _OpenEventLog(SqliteEventLogStorage):
    """The events, in a file for each run and an index."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()  # by shard, the last used at the end
        self._there: set[str] = set()  # tables, and columns of the assets' one: they stay
        self._empty: bytes | None = None
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            engine = self._engines[shard] = self._opened(shard)
            if len(self._engines) > _MOST_FILES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return engine

    def _opened(self, shard: str) -> Engine:
        """A new run's file is a copy of the one before when that was new: Dagster would run its migrations."""
        file = Path(self.path_for_shard(shard))
        is_new = not file.exists()
        if is_new and self._empty:
            copy = file.with_suffix(".new")
            copy.write_bytes(self._empty)
            copy.replace(file)
            return _open(self.conn_string_for_shard(shard))
        engine = _open(self.conn_string_for_shard(shard))
        self._initdb(engine)
        if is_new:
            with engine.connect() as connection:
                self._empty = cast("sqlite3.Connection", connection.connection.driver_connection).serialize()
        return engine

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(event)
        # Whoever watches a run waits for its file to change, as it does when a connection is closed.
        os.utime(self.path_for_shard(event.run_id))

    def has_table(self, table_name: str) -> bool:
        """Whether there is one; Dagster asks for each event of a check."""
        if table_name not in self._there and super().has_table(table_name):
            self._there.add(table_name)
        return table_name in self._there

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        """Whether there is one; Dagster asks for each event of an asset."""
        if column_name not in self._there and super()._has_asset_key_col_on_connection(conn, column_name):
            self._there.add(column_name)
        return column_name in self._there

    def wipe(self) -> None:
        self._close()  # the files are about to be removed
        super().wipe()

    def dispose(self) -> None:
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _open(conn_string: str) -> Engine:
    engine = create_engine(conn_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # first, as a new file would wait for the disk with each of its tables
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
