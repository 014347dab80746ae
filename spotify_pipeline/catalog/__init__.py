"""Publishing table partitions, so that SQL finds them.

`publication` is what every catalog does. On a laptop these are DuckDB views (`duckdb`); in AWS it is the Glue Data
Catalog, in which days are registered (`glue`) or found by a crawler (`crawler`), with the same definitions
(`glue_definitions`) in the same database (`glue_database`).
"""
