"""Writing the report: the page about the published history, in a file or beside the tables."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.storage.objects import FolderStore, ObjectStore

if TYPE_CHECKING:
    from spotify_pipeline.report.scopes import Report

FILE = "report.html"
_KEY_BESIDE_TABLES = f"_report/{FILE}"  # no table's folder, and what begins with `_` no query and no crawler looks at


class WrittenReport(NamedTuple):
    """A report, where it is and how large it is, in bytes."""

    report: "Report"
    uri: str
    size: int


def publish_report(backends: Warehouse) -> WrittenReport:
    """Write the report where its target keeps it: in the data folder, or in the bucket of the tables.

    Raises:
        QueryError: SQL cannot be asked.
        DataError: no day is published.
        StorageError: it cannot be written.
    """
    return _write(backends, *_place(backends))


def renew_report(backends: Warehouse) -> None:
    """Write the report anew, where there is one, because what it shows is gone; errors as of `publish_report`.

    Where no day is left, there is no report either.
    """
    store, key = _place(backends)
    if not backends.tables.published_days():
        store.delete(key)
    elif store.list(key):
        _write(backends, store, key)


def save_report(backends: Warehouse, file: Path) -> WrittenReport:
    """Write the report into a file of this machine, which nobody else may read; errors as of `publish_report`."""
    return _write(backends, FolderStore(file.parent), file.name)


def _place(backends: Warehouse) -> tuple[ObjectStore, str]:
    if backends.settings.target == "local":
        return FolderStore(backends.settings.data_dir), FILE
    return backends.table_objects, _KEY_BESIDE_TABLES


def _write(backends: Warehouse, store: ObjectStore, key: str) -> WrittenReport:
    # Late, because Altair, Jinja and vl-convert take a while, and who imports the steps may do nothing with them.
    from spotify_pipeline.report.facts import gather  # noqa: PLC0415
    from spotify_pipeline.report.page import render  # noqa: PLC0415
    from spotify_pipeline.report.scopes import make_report  # noqa: PLC0415

    with backends.engine.session() as session:
        report = make_report(gather(session))
    page = render(report, is_invented=backends.is_invented).encode()
    store.put(key, page)
    return WrittenReport(report, store.uri(key), len(page))
