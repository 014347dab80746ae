"""`CAST` and `TRY_CAST`: where DuckDB's conversions differ from Athena's.

DuckDB reads more texts as numbers, dates and booleans than Athena does ('1.5' is the integer 2, '2020/1/5' a date,
'yes' is true), and rounds halves of doubles to the even neighbour. Both would be silently wrong, most of all in a
`TRY_CAST`, where Athena gives NULL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.duckdb_text import comma, literal, name
from spotify_pipeline.query.translator.kinds import KIND_OF_TYPE, Kind

Failure = Callable[[str], str]  # gives SQL that fails with that message when it is evaluated

_NAMES: Final = {
    exp.DType.TINYINT: "TINYINT",
    exp.DType.SMALLINT: "SMALLINT",
    exp.DType.INT: "INTEGER",
    exp.DType.BIGINT: "BIGINT",
    exp.DType.FLOAT: "FLOAT",
    exp.DType.DOUBLE: "DOUBLE",
    exp.DType.VARCHAR: "VARCHAR",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
    exp.DType.JSON: "JSON",
}
_TIMESTAMPS: Final = {"0": "TIMESTAMP_S", "3": "TIMESTAMP_MS", "6": "TIMESTAMP"}
_MOMENT: Final = r"\d{4}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?"
# The texts that Athena reads as a value of a kind.
READABLE: Final[dict[Kind, str]] = {
    "integer": r"\s*[+-]?\d+\s*",
    "double": r"\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|[+-]?Infinity)\s*",
    "decimal": r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*",
    "boolean": r"(?i)t|true|1|f|false|0",
    "date": r"\s*\d{4}-\d{1,2}-\d{1,2}\s*",
    "timestamp": rf"\s*{_MOMENT}\s*",
    "timestamptz": rf"\s*{_MOMENT}( UTC)?\s*",
}
_SPELLED_ALIKE: Final = {"varchar", "integer", "decimal", "boolean", "date"}
# DuckDB's names of the types that it spells differently from Athena, or that Athena cannot spell at all.
_SPELLED_DIFFERENTLY: Final = r"^(DOUBLE|FLOAT|TIME|INTERVAL|BLOB|STRUCT|TUPLE|MAP)|\]$"
_JSON_ALIKE: Final = {"varchar", "integer", "double", "boolean", "date", "json"}
_JSON_DIFFERENT: Final = "TIME|INTERVAL|DECIMAL|TUPLE|BLOB"
_NOT_TO_VARCHAR: Final = (
    "CAST to varchar is supported for texts, integers, decimals, booleans, dates and JSON; "
    "for times there is date_format"
)


@dataclass(frozen=True)
class Cast:
    """One conversion: its target, and what to write where it fails."""

    target: exp.DataType
    fail: Failure  # a value that Athena cannot convert either
    refuse: Failure  # a value that Athena could convert
    safe: bool = False  # NULL instead of failing: TRY_CAST

    @property
    def _kind(self) -> Kind:
        return KIND_OF_TYPE[self.target.this]

    def sql(self, value: str, source: Kind | None) -> str:
        """Write the conversion of a value of a known kind, or of an unknown one (None)."""
        match self._kind:
            case "varchar":
                length = _sizes(self.target)
                text = self._to_varchar(value, source)
                return f"left({text}, {length[0]})" if length else text
            case "json":
                return self._to_json(value, source)
            case "array" | "map" | "row":
                if source != "json":
                    raise QueryError(f"CAST to {self._kind} is supported for JSON, NULL and row or array literals.")
                return self.plain(value)
            case _:
                return self._to_scalar(value, source)

    def plain(self, value: str) -> str:
        """Write the conversion as DuckDB does it."""
        type_ = type_name(self.target)
        cast = f"{'TRY_CAST' if self.safe else 'CAST'}({value} AS {type_})"
        # TIMESTAMP_MS rounds as Athena does, but everything else expects the usual type.
        return f"CAST({cast} AS TIMESTAMP)" if type_ in _TIMESTAMPS.values() else cast

    def _fail(self, message: str) -> str:
        return "NULL" if self.safe else self.fail(message)

    def _to_scalar(self, value: str, source: Kind | None) -> str:
        match source:
            case "varchar":
                return self._from_varchar(value)
            case "double":
                return self._from_double(value)
            case "json":
                text = f"({value} ->> '$')"
                return (
                    f"(CASE json_type({value}) WHEN 'VARCHAR' THEN {self._from_varchar(text)} "
                    f"WHEN 'DOUBLE' THEN {self._from_double(value)} ELSE {self.plain(value)} END)"
                )
            case None:
                return (
                    f"(CASE WHEN typeof({value}) = 'VARCHAR' "
                    f"THEN {self._from_varchar(f'CAST({value} AS VARCHAR)')} "
                    f"WHEN typeof({value}) = 'JSON' THEN {self._to_scalar(f'to_json({value})', 'json')} "
                    f"{self._rounded_double(value)}ELSE {self.plain(value)} END)"
                )
            case _:
                return self.plain(value)

    def _rounded_double(self, value: str) -> str:
        if self._kind not in ("integer", "decimal"):
            return ""
        return f"WHEN typeof({value}) IN ('DOUBLE', 'FLOAT') THEN {self._from_double(value)} "

    def _from_double(self, value: str) -> str:
        if self._kind == "integer":  # halves go away from zero
            return self.plain(f"round(CAST({value} AS DOUBLE))")
        if self._kind == "decimal":  # Athena rounds the digits that a double shows, not its binary value
            return self.plain(f"CAST({value} AS VARCHAR)")
        return self.plain(value)

    def _from_varchar(self, value: str) -> str:
        if self._kind == "timestamptz":  # Athena reads other zones as well
            failure = self.refuse("only a time in UTC is supported as a text to cast")
        else:
            failure = self._fail(f"this text cannot be cast to {self._kind}")
        readable = f"regexp_full_match({value}, {literal(READABLE[self._kind])})"
        return f"(CASE WHEN NOT {readable} THEN {failure} ELSE {self.plain(value)} END)"

    def _to_varchar(self, value: str, source: Kind | None) -> str:
        if source in _SPELLED_ALIKE:
            return f"CAST({value} AS VARCHAR)"
        if source == "json":
            failure = self._fail("a JSON array or object cannot be cast to varchar")
            return f"(CASE WHEN json_type({value}) IN ('ARRAY', 'OBJECT') THEN {failure} ELSE {value} ->> '$' END)"
        if source is not None:
            raise QueryError(f"A value of the type {source} is refused here: {_NOT_TO_VARCHAR}.")
        return (
            f"(CASE WHEN typeof({value}) = 'JSON' THEN {self._to_varchar(f'to_json({value})', 'json')} "
            f"WHEN regexp_matches(typeof({value}), {literal(_SPELLED_DIFFERENTLY)}) "
            f"THEN {self.refuse(_NOT_TO_VARCHAR)} ELSE CAST({value} AS VARCHAR) END)"
        )

    def _to_json(self, value: str, source: Kind | None) -> str:
        if source in _JSON_ALIKE:
            return f"to_json({value})"
        refusal = self.refuse(
            "CAST to JSON is supported for texts, integers, doubles, booleans, dates, and arrays, maps and named fields"
        )
        different = f"regexp_matches(typeof({value}), {literal(_JSON_DIFFERENT)})"
        return f"(CASE WHEN {different} THEN {refusal} ELSE to_json({value}) END)"


def fields_of(row: exp.DataType) -> list[tuple[str, exp.DataType]]:
    """Give the names and types of the fields of a row type.

    Raises:
        QueryError: a field has no name.
    """
    if not all(isinstance(field, exp.ColumnDef) for field in row.expressions):
        raise QueryError("A row type is supported only when each of its fields has a name.")
    return [(field.name, field.args["kind"]) for field in row.expressions]


def _sizes(target: exp.DataType) -> list[str]:
    sizes = [parameter.name for parameter in target.expressions]
    if not all(size.isdecimal() for size in sizes):
        raise QueryError(f"The type {target.sql().lower()} is not supported: its sizes are not numbers.")
    return sizes


def type_name(target: exp.DataType) -> str:
    """Write an Athena type as DuckDB names it.

    Raises:
        QueryError: the type is not supported.
    """
    parameters = target.expressions
    match target.this:
        case exp.DType.DECIMAL:
            sizes = _sizes(target) or ["38"]  # DuckDB's own default is (18, 3)
            return f"DECIMAL({sizes[0]}, {sizes[1] if len(sizes) > 1 else 0})"
        case exp.DType.TIMESTAMP:
            digits = _sizes(target) or ["3"]
            if digits[0] in _TIMESTAMPS:
                return _TIMESTAMPS[digits[0]]
        case exp.DType.ARRAY if parameters:
            return f"{type_name(parameters[0])}[]"
        case exp.DType.MAP if len(parameters) == 2:
            return f"MAP({type_name(parameters[0])}, {type_name(parameters[1])})"
        case exp.DType.STRUCT if parameters:
            return f"STRUCT({comma([f'{name(field)} {type_name(kind)}' for field, kind in fields_of(target)])})"
        case _ if target.this in _NAMES:
            return _NAMES[target.this]
    raise QueryError(f"The type {target.sql(dialect='trino').lower()} is not supported.")
