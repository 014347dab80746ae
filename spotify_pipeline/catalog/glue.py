"""The catalog of the aws target: days are registered in Glue as soon as they have passed their audit, and no others."""

from collections.abc import Iterator

from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.glue_months import GlueMonths
from spotify_pipeline.catalog.publication import Partitions, Publication
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import COVERAGE, TABLES

_WORTH_TELLING_DAYS = 100  # of one table: more than one request


class GlueCatalog:
    """Registers exactly the partitions that the table store has published."""

    def __init__(self, database: GlueDatabase, tables: TableStore, months: GlueMonths | None = None) -> None:
        """A catalog in `database` over the partitions in `tables`, and in that of the `months` if there are any."""
        self._database, self._tables, self._months = database, tables, months

    @property
    def location(self) -> str:
        """The database."""
        return f"Glue database {self._database.name}"

    def publish(self, progress: Progress = SILENT) -> Publication:
        """Register what is published and unregister what is no longer there.

        Files are in their place before they are registered, and `coverage`, which makes a day, is registered last and
        unregistered first. So a process that is killed at any moment leaves nothing registered that is not whole.

        Raises:
            StorageError: a table in the catalog cannot become what is declared, or Glue cannot be asked.
        """
        facts = self._database.ensure()
        # Read first: what is registered by then had its files before, so nothing that another process publishes
        # meanwhile is taken for something that has lost its files.
        registered = {table.name: self._database.registered(table) for table in TABLES.values()}
        days = self._tables.published_days()
        stored = {name: set(self._tables.partitions(name)) & set(days) for name in TABLES}
        new = {name: stored[name] - known.sound - known.stale for name, known in registered.items()}
        stale = {name: stored[name] & known.stale for name, known in registered.items()}
        gone = {name: (known.sound | known.stale) - stored[name] for name, known in registered.items()}
        for table in sorted(TABLES.values(), key=COVERAGE.__eq__):
            if (days_to_write := len(new[table.name] | stale[table.name])) > _WORTH_TELLING_DAYS:
                progress.tell(f"registering {days_to_write} days of {table.name}")
            self._database.update(table, stale[table.name])
            self._database.register(table, new[table.name])
        for table in sorted(TABLES.values(), key=COVERAGE.__ne__):
            self._database.remove(table, gone[table.name])
        facts |= {
            "partitions_registered": sum(map(len, new.values())),
            "partitions_updated": sum(map(len, stale.values())),
            "partitions_removed": sum(map(len, gone.values())),
        }
        if self._months:
            facts |= self._months.publish()
        return Publication(days, self.location, facts)

    def withdraw(self) -> None:
        """As `publish`, which takes no longer."""
        self.publish()

    def partitions(self) -> Partitions:
        """The registered days, by table."""
        return self._database.partitions()

    def differences(self) -> Iterator[str]:
        """In what the registered tables and partitions are not as declared."""
        yield from self._database.differences()
        if self._months:
            yield from self._months.differences()
