"""Which format a file is of."""

import pytest

from spotify_pipeline.imports.formats import FORMATS
from spotify_pipeline_tests.imports.documents import FILES, file_at

_SAMPLES = sorted(str(path.relative_to(FILES)) for path in FILES.rglob("*") if path.is_file())


def test_there_are_samples() -> None:
    assert len(_SAMPLES) > 15


@pytest.mark.parametrize("path", _SAMPLES)
def test_a_file_is_of_one_format_and_no_other(path: str) -> None:
    file = file_at(path)
    recognised = [each.name for each in FORMATS if each.recognises(file)]
    assert len(recognised) == 1


def test_names_of_formats_tell_them_apart() -> None:
    assert len({each.name for each in FORMATS}) == len(FORMATS)
