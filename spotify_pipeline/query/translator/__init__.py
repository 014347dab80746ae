"""Athena SQL (Trino, engine version 3) written as DuckDB SQL that gives the same answer, or refused.

From text to text: `statements` is the front door; `parser` makes a syntax tree; `queries` and `expressions` write it,
node by node, in the frame of `writer`; a call of a function becomes what `functions` says of it, a conversion what
`casts` says. `kinds` is what is known of types without a catalog, `agreement` which of them stand together.
"""

from spotify_pipeline.query.translator.statements import CONNECTION_SETTINGS, to_duckdb

__all__ = ["CONNECTION_SETTINGS", "to_duckdb"]
