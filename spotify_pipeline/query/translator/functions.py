"""The functions of Athena that can be answered, by name. A function that is not here is refused."""

from collections.abc import Mapping
from typing import Final

from spotify_pipeline.query.translator.aggregates import AGGREGATES
from spotify_pipeline.query.translator.arrays import ARRAYS
from spotify_pipeline.query.translator.calls import Function
from spotify_pipeline.query.translator.scalars import CONDITIONS, JSON, NUMBERS, TIMES
from spotify_pipeline.query.translator.texts import TEXTS

FUNCTIONS: Final[Mapping[str, Function]] = {
    **NUMBERS,
    **TEXTS,
    **TIMES,
    **JSON,
    **CONDITIONS,
    **ARRAYS,
    **AGGREGATES,
}
