"""Athena SQL (Trino, engine version 3) written as DuckDB SQL that gives the same answer, or refused.

From text to text: `parser` makes a syntax tree; `queries` and `expressions` write it, node by node, in the frame of
`writer`; a call of a function becomes what `functions` says of it, a conversion what `casts` says. `kinds` is what is
known of types without a catalog. The front door is `spotify_pipeline.query.athena_sql`.
"""
