"""SQL over the published tables: Athena's dialect, answered by DuckDB; named queries; printed results."""
