"""What making tables needs: raw documents, and where tables are kept. Whichever process does it can open them."""

from collections.abc import Callable
from functools import cached_property, partial

from spotify_pipeline.backends.base import Base
from spotify_pipeline.storage.due import DueDays
from spotify_pipeline.storage.months import Months
from spotify_pipeline.storage.objects import SharedStore
from spotify_pipeline.storage.spans import Spans
from spotify_pipeline.storage.tables import TableStore


class Stores(Base):
    """Raw documents and tables."""

    @cached_property
    def tables(self) -> TableStore:
        """The table partitions."""
        return TableStore(self.table_objects)

    @cached_property
    def due(self) -> DueDays:
        """The days whose tables have to be made again."""
        return DueDays(self.table_objects)

    @cached_property
    def spans(self) -> Spans:
        """From when to when SQL shows each playlist."""
        return Spans(self.table_objects)

    @cached_property
    def months(self) -> Months:
        """Copies of published days, a month together."""
        return Months(self.table_objects)

    @cached_property
    def table_objects(self) -> SharedStore:
        """The objects in which tables are kept."""
        return self._objects("tables", self.settings.tables_bucket)

    def opener(self) -> Callable[[], "Stores"]:
        """What opens these stores in another process."""
        return partial(Stores, self.settings)
