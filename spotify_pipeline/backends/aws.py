"""The warehouse in AWS: S3, the Glue Data Catalog and Athena."""

from functools import cached_property

from spotify_pipeline import aws
from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.crawler import CrawledCatalog
from spotify_pipeline.catalog.glue import GlueCatalog
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.glue_months import GlueMonths, beside
from spotify_pipeline.catalog.publication import Catalog
from spotify_pipeline.query.athena import AthenaEngine
from spotify_pipeline.query.engine import Engine


class AwsWarehouse(Warehouse):
    """Tables in a bucket."""

    @cached_property
    def catalog(self) -> Catalog:
        """The Glue Data Catalog, with or without a crawler."""
        settings, client = self.settings, aws.client("glue")
        database = GlueDatabase(client, settings.glue_database, self.tables)
        if settings.catalog_mode == "crawler":
            return CrawledCatalog(client, database, self.tables, settings.crawler_role, self.clock)
        months = GlueMonths(client, database, self.months, always=settings.months == "compact")
        return GlueCatalog(database, self.tables, months)

    @cached_property
    def engine(self) -> Engine:
        """Athena, in the database that reads months if they are wanted."""
        settings = self.settings
        database = beside(settings.glue_database) if settings.months == "compact" else settings.glue_database
        return AthenaEngine(aws.client("athena"), settings.athena_workgroup, database, self.clock)
