"""The declared views in Spark SQL: at a scale where a laptop's DuckDB ends, Spark answers what Athena answers."""

from typing import TYPE_CHECKING

from spotify_pipeline.tables.declarations import VIEWS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def create_views(session: "SparkSession") -> None:
    """Create the views in a session, over the tables that it knows by their declared names.

    In AWS Glue those are the published ones, once `USE` has named the database; Glue's own definitions of the views are
    Athena's, which Spark does not read.
    """
    import sqlglot  # noqa: PLC0415  # the job that makes tables has none

    for view in VIEWS.values():
        (statement,) = sqlglot.transpile(view.sql, read="athena", write="spark")
        session.sql(statement).createOrReplaceTempView(view.name)
