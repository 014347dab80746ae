"""The data model: one declaration for each table, and what follows from it. Polars. No Dagster, no AWS."""
