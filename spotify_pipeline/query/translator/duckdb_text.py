"""How a value or a name is spelled in DuckDB's SQL."""


def literal(text: str) -> str:
    """Write a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """Write an identifier, always quoted, so that no DuckDB keyword is mistaken for syntax."""
    return '"' + identifier.replace('"', '""') + '"'


def comma(parts: list[str] | tuple[str, ...]) -> str:
    """Write a list of pieces of SQL."""
    return ", ".join(parts)


def unless_null(values: list[str] | tuple[str, ...], result: str) -> str:
    """Write a result that is NULL where any of the values is."""
    return f"(CASE WHEN {' AND '.join(f'{value} IS NOT NULL' for value in values)} THEN {result} END)"
