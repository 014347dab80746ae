"""Small languages inside SQL text: date patterns, regular-expression replacements, JSON paths.

Each function takes the text that Athena would be given and returns the text that DuckDB needs, or raises
`QueryError` for a piece that has no exact counterpart.
"""

import re

from spotify_pipeline.errors import QueryError

# MySQL's letters (date_format, date_parse) and DuckDB's.
_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I",
    "i": "%M", "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p",
    "S": "%S", "s": "%S", "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
# Joda's runs of one letter (format_datetime, parse_datetime) and DuckDB's.
_JODA = {
    "yyyy": "%Y", "y": "%Y", "YYYY": "%Y", "Y": "%Y", "yy": "%y", "xxxx": "%G", "ww": "%V",
    "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "d": "%-d", "dd": "%d", "D": "%-j", "DDD": "%j",
    "e": "%u", "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A", "a": "%p", "H": "%-H", "HH": "%H",
    "h": "%-I", "hh": "%I", "m": "%-M", "mm": "%M", "s": "%-S", "ss": "%S", "SSS": "%g", "SSSSSS": "%f",
}  # fmt: skip
# What both sides parse alike. Not two-digit years (Joda: 1970 to 2069, DuckDB: 1969 to 2068), not weeks and
# days of the week, which either side resolves in its own way.
_PARSED_ALIKE = {
    "%Y", "%m", "%-m", "%d", "%-d", "%b", "%B", "%H", "%-H", "%I", "%-I", "%M", "%-M", "%S", "%-S", "%p",
    "%g", "%f", "%I:%M:%S %p", "%H:%M:%S", "%%",
}  # fmt: skip
_JODA_PIECE = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<run>([A-Za-z])\3*)|(?P<other>.)", re.DOTALL)
_REPLACEMENT_PIECE = re.compile(r"\\(?P<escaped>.)|\$(?P<group>\d+)|(?P<wrong>[\\$])|(?P<other>.)", re.DOTALL)
_JSON_STEP = re.compile(r'\.(?P<key>\w+)|\["(?P<quoted>[^"\\]+)"\]|\[(?P<index>\d+)\]')


def strftime_of_mysql(pattern: str, *, parse: bool = False) -> str:
    """Translate the pattern of `date_format`, or with `parse` that of `date_parse`.

    Raises:
        QueryError: DuckDB has no exact counterpart of a letter.
    """
    pieces = []
    for letter, other in re.findall(r"%(.?)|([^%]+)", pattern, re.DOTALL):
        pieces.append(other or _counterpart(_MYSQL, letter, f"%{letter}", parse=parse))
    return "".join(pieces)


def strftime_of_joda(pattern: str, *, parse: bool = False) -> str:
    """Translate the pattern of `format_datetime`, or with `parse` that of `parse_datetime`.

    Raises:
        QueryError: DuckDB has no exact counterpart of a run of letters.
    """
    pieces = []
    for piece in _JODA_PIECE.finditer(pattern):
        if (run := piece["run"]) is not None:
            pieces.append(_counterpart(_JODA, run, run, parse=parse))
        else:  # two quotes stand for one, inside a quoted text and outside
            literal = piece["other"] or piece["quoted"].replace("''", "'") or "'"
            pieces.append(literal.replace("%", "%%"))
    return "".join(pieces)


def _counterpart(letters: dict[str, str], key: str, shown: str, *, parse: bool) -> str:
    found = letters.get(key)
    if found is None or (parse and found not in _PARSED_ALIKE):
        action = "parse" if parse else "write"
        raise QueryError(f"The date pattern {shown!r} is not supported: DuckDB cannot {action} it as Athena does.")
    return found


def regexp_rewrite(replacement: str) -> str:
    r"""Translate the replacement of `regexp_replace`: `$1` becomes `\1`, and `\$` a plain dollar.

    Raises:
        QueryError: the replacement names a group by name or above 9, or ends in half an escape.
    """
    pieces = []
    for piece in _REPLACEMENT_PIECE.finditer(replacement):
        group = piece["group"]
        if piece["wrong"] or (group and len(group) > 1):
            raise QueryError(
                f"The replacement {replacement!r} is not supported: only the groups $0 to $9 are, "
                f"and a plain dollar is written \\$."
            )
        literal = piece["escaped"] or piece["other"] or ""
        pieces.append(f"\\{group}" if group else literal.replace("\\", "\\\\"))
    return "".join(pieces)


def json_path(path: str) -> str:
    """Translate a JSON path of keys and positions, such as `$.a["b c"][0]`.

    Raises:
        QueryError: the path has another step, such as a wildcard, or does not begin with `$`.
    """
    steps = []
    position = 1
    while path.startswith("$") and (step := _JSON_STEP.match(path, position)):
        key = step["key"] or step["quoted"]
        steps.append(f'."{key}"' if key else f"[{step['index']}]")
        position = step.end()
    if not path.startswith("$") or position != len(path):
        raise QueryError(f"The JSON path {path!r} is not supported: only keys and positions are, as in $.a[0].")
    return "$" + "".join(steps)
