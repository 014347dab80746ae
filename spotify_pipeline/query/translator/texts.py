"""Functions of texts, and of the bytes that they are made of."""

from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.calls import ANY, Call, Function, built, scalar
from spotify_pipeline.query.translator.duckdb_text import comma, literal
from spotify_pipeline.query.translator.operators import concat
from spotify_pipeline.query.translator.patterns import regexp_rewrite

# Athena trims all white space, DuckDB only spaces. The characters are those that Java calls white space.
_SPACE: Final = literal(
    "".join(map(chr, (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B))))
    + "\u2028\u2029\u205f\u3000"
)


def _substr(call: Call) -> str:
    length = ", (CASE WHEN {2} < 0 THEN 0 ELSE {2} END)" if len(call.args) == 3 else ""
    return call.fill(
        f"(CASE WHEN {{1}} = 0 OR {{1}} < -length({{0}}) THEN left({{0}}, 0) ELSE substr({{0}}, {{1}}{length}) END)"
    )


def _look_for_a_text(call: Call) -> None:
    if call.nodes[1] == exp.Literal.string(""):
        raise QueryError(f"The function {call.name} is not supported with an empty text to look for.")


def _split(call: Call) -> str:
    _look_for_a_text(call)
    return call.fill("string_split({0}, {1})")


def _replace(call: Call) -> str:
    _look_for_a_text(call)
    return call.fill("replace({0}, {1}, {2})" if len(call.args) == 3 else "replace({0}, {1}, '')")


def _regexp_replace(call: Call) -> str:
    if len(call.args) == 2:
        return call.fill("regexp_replace({0}, {1}, '', 'g')")
    rewrite = literal(regexp_rewrite(call.text(2)))
    return f"regexp_replace({call.args[0]}, {call.args[1]}, {rewrite}, 'g')"


def _reverse(call: Call) -> str:
    if call.kinds[0] == "array":
        return call.fill("list_reverse({0})")
    return call.fill("array_to_string(list_reverse(string_split({0}, '')), '')")  # DuckDB's reverse keeps graphemes


def _concat_ws(call: Call) -> str:
    if len(call.args) < 2 or {*call.kinds} - {"varchar", "array", None} or "array" in (call.kinds[0], *call.kinds[2:]):
        raise QueryError("The function concat_ws takes a separator, and texts or one array of texts.")
    refusal = "refuse('concat_ws is supported for texts or one array of texts')"
    places = [f"{{{position}}}" for position in range(len(call.args))]
    types = [f"typeof({place}) NOT IN ('VARCHAR', '\"NULL\"')" for place in places]
    absent = ""
    if len(places) == 2:  # DuckDB gives '' for a NULL array
        types[1] = "typeof({1}) NOT IN ('VARCHAR', '\"NULL\"', 'VARCHAR[]', '\"NULL\"[]')"
        absent = "WHEN typeof({1}) LIKE '%[]' AND {1} IS NULL THEN NULL "
    return call.fill(f"(CASE WHEN {' OR '.join(types)} THEN {refusal} {absent}ELSE concat_ws({comma(places)}) END)")


# The places where the text is found may overlap, and are counted from the end where the instance is negative.
_STRPOS: Final = (
    "(CASE WHEN {2} = 0 THEN error('the instance of strpos is not 0') WHEN {1} = '' AND {0} || {2} IS NOT NULL THEN 1 "
    "WHEN {0} || {1} || {2} IS NOT NULL THEN coalesce(list_filter(range(1, length({0}) - length({1}) + 2), "
    "lambda _place: substr({0}, _place, length({1})) = {1})[{2}], 0) END)"
)


def _of_bytes(template: str) -> Function:
    def form(call: Call) -> str:
        if call.kinds[0] != "varbinary":
            raise QueryError(f"The function {call.name} is supported for the bytes of a text, to_utf8(…), and digests.")
        return call.fill(template)

    return built(form, 1, returns="varchar" if template.startswith("hex") else "varbinary")


_UPPER: Final = "array_to_string(list_transform(string_split({0}, 'ß'), lambda _part: upper(_part)), 'ß')"

TEXTS: Final[dict[str, Function]] = {
    "chr": scalar("chr(CAST({0} AS INTEGER))", returns="varchar"),
    "codepoint": scalar("unicode({0})", returns="integer"),
    "concat": built(concat, *range(2, 100), returns=ANY),
    "concat_ws": built(_concat_ws, ANY, returns="varchar"),
    "hamming_distance": scalar("hamming({0}, {1})", returns="integer"),
    "length": scalar("length({0})", returns="integer"),
    "levenshtein_distance": scalar("levenshtein({0}, {1})", returns="integer"),
    "lower": scalar("lower({0})", returns="varchar"),
    "lpad": scalar("lpad({0}, CAST({1} AS INTEGER), {2})", returns="varchar"),
    "ltrim": scalar(f"ltrim({{0}}, {_SPACE})", "ltrim({0}, {1})", returns="varchar"),
    "md5": _of_bytes("unhex(md5({0}))"),
    # An extraction that did not take part in the match is NULL in DuckDB's list, but '' in its regexp_extract.
    "regexp_extract": scalar(
        "regexp_extract_all({0}, {1})[1]", "regexp_extract_all({0}, {1}, {2})[1]", returns="varchar"
    ),
    "regexp_extract_all": scalar("regexp_extract_all({0}, {1})", "regexp_extract_all({0}, {1}, {2})", returns="array"),
    "regexp_count": scalar("len(regexp_extract_all({0}, {1}))", returns="integer"),
    "regexp_like": scalar("regexp_matches({0}, {1})", returns="boolean"),
    "regexp_replace": built(_regexp_replace, 2, 3, returns="varchar"),
    "regexp_split": scalar("regexp_split_to_array({0}, {1})", returns="array"),
    "replace": built(_replace, 2, 3, returns="varchar"),
    "reverse": built(_reverse, 1, returns=0),
    "rpad": scalar("rpad({0}, CAST({1} AS INTEGER), {2})", returns="varchar"),
    "rtrim": scalar(f"rtrim({{0}}, {_SPACE})", "rtrim({0}, {1})", returns="varchar"),
    "sha1": _of_bytes("unhex(sha1({0}))"),
    "sha256": _of_bytes("unhex(sha256({0}))"),
    "split": built(_split, 2, returns="array"),
    "split_part": scalar(
        "(CASE WHEN {2} < 1 THEN error('the index of split_part begins at 1') ELSE string_split({0}, {1})[{2}] END)",
        returns="varchar",
    ),
    "starts_with": scalar("starts_with({0}, {1})", returns="boolean"),
    "strpos": scalar("strpos({0}, {1})", _STRPOS, returns="integer"),
    "substr": built(_substr, 2, 3, returns="varchar"),
    "substring": built(_substr, 2, 3, returns="varchar"),
    "to_hex": _of_bytes("hex({0})"),
    "to_utf8": scalar("encode({0})", returns="varbinary"),
    "translate": scalar("translate({0}, {1}, {2})", returns="varchar"),
    "trim": scalar(f"trim({{0}}, {_SPACE})", "trim({0}, {1})", returns="varchar"),
    "upper": scalar(_UPPER, returns="varchar"),  # DuckDB makes ẞ of ß
}
