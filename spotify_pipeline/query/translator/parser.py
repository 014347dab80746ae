"""Reading Athena SQL: text to one syntax tree, or one sentence about what is wrong with the text.

What the tree means, and which of it DuckDB can answer, is no concern of this module.
"""

import re
from typing import ClassVar

from sqlglot import Token, TokenType, exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser

from spotify_pipeline.errors import QueryError

_QUERY_STARTS = {TokenType.SELECT, TokenType.WITH, TokenType.VALUES, TokenType.L_PAREN, TokenType.TABLE}
_TRIMMING = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}


class _AthenaQuery(Trino):
    """Trino as sqlglot reads it, but with every function call left as it was written.

    sqlglot turns the calls that it knows into classes of its own, and some of them lose on the way what makes
    Athena's answer differ from DuckDB's. Without its table of functions every call is an `exp.Anonymous`,
    and our own table decides what becomes of it.
    """

    INDEX_OFFSET = 0  # keeps `a[1]` as written; sqlglot counts from 0 otherwise

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar[dict[str, object]] = {}  # type: ignore[assignment]
        FUNCTION_PARSERS: ClassVar = {
            **{name: TrinoParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST", "EXTRACT", "POSITION")},
            "SUBSTRING": lambda self: self._substring(),
            "TRIM": lambda self: self._trim(),
        }
        COLUMN_OPERATORS: ClassVar = {TokenType.DOT: None}  # Athena has neither `::` nor `->`

        def _substring(self) -> exp.Anonymous:
            """Read `substring(x, 1, 2)` and `substring(x FROM 1 FOR 2)` alike."""
            arguments = self._parse_csv(self._parse_bitwise)
            if len(arguments) == 1 and self._match(TokenType.FROM):
                arguments += self._operand()
                if self._match(TokenType.FOR):
                    arguments += self._operand()
            return exp.Anonymous(this="substring", expressions=arguments)

        def _trim(self) -> exp.Anonymous:
            """Read `trim(x)`, `trim(x, 'a')` and `trim(LEADING 'a' FROM x)`, the latter as ltrim or rtrim."""
            side = self._prev.text.upper() if self._match_texts(_TRIMMING) else ""
            arguments = self._parse_csv(self._parse_bitwise)
            if len(arguments) <= 1 and (side or arguments) and self._match(TokenType.FROM):
                arguments = self._operand() + arguments
            elif side:
                self.raise_error("FROM is missing")
            return exp.Anonymous(this=_TRIMMING.get(side, "trim"), expressions=arguments)

        def _operand(self) -> list[exp.Expr]:
            operand = self._parse_bitwise()
            return [operand] if operand else []


def tokens_of(sql: str) -> list[Token]:
    """Split one statement into tokens, without the semicolon at its end.

    Raises:
        QueryError: the text holds no statement, more than one, or a quote that is never closed.
    """
    try:
        tokens = _AthenaQuery().tokenize(sql)
    except TokenError as error:
        raise QueryError(_unreadable(error)) from None
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise QueryError("There is no SQL statement in the text.")
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise QueryError("The text holds several SQL statements; give one at a time.")
    return tokens


def parse(sql: str, tokens: list[Token]) -> exp.Expr:
    """Parse the tokens of one query.

    Raises:
        QueryError: the statement is no query, or its syntax is wrong.
    """
    first = tokens[0]
    if first.token_type not in _QUERY_STARTS:
        raise QueryError(
            f"Only queries can run (SELECT, WITH, VALUES, SHOW TABLES, SHOW COLUMNS, DESCRIBE), "
            f"and this statement begins with {first.text.upper()}."
        )
    dialect = _AthenaQuery()
    try:
        (tree,) = dialect.parser().parse(tokens, sql)
    except ParseError as error:
        raise QueryError(_wrong_syntax(error)) from None
    except RecursionError:
        raise QueryError("The SQL statement is nested too deeply to be read.") from None
    if not isinstance(tree, exp.Select | exp.SetOperation | exp.Subquery | exp.Values):
        raise QueryError(f"Only a query can run, and this is none: {sql.strip()[:60]!r}.")
    return tree


def _unreadable(error: TokenError) -> str:
    cause = str(error.__cause__ or error)
    missing = re.fullmatch(r"Missing (.+) from (\d+):(\d+)", cause)
    if missing is None:
        return "The SQL cannot be read: a quote or a comment in it is never closed."
    quote, line, column = missing.groups()
    return f"The {quote} that opens before line {line}, column {column} is never closed."


def _wrong_syntax(error: ParseError) -> str:
    detail = error.errors[0]
    piece = str(detail.get("highlight") or "")
    line = int(detail.get("line") or 1)
    column = max(1, int(detail.get("col") or 1) - len(piece) + 1)  # sqlglot gives the last column of the piece
    return f"The SQL has a syntax error at line {line}, column {column}, at or just after {piece!r}."
