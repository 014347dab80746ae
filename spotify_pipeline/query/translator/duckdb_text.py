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
