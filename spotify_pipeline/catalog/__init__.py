"""Publishing table partitions, so that SQL finds them: DuckDB views on a laptop."""
