"""What is sent to Glue keeps to AWS's own model of the service: required members, lengths, patterns, enumerations."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from spotify_pipeline_tests.catalog.conftest import GlueCase

MODEL = botocore.session.get_session().get_service_model("glue")


def violations(value: Any, shape: Shape, where: str = "") -> Iterator[str]:
    """What the model forbids and botocore lets pass: it checks types, required members and least lengths only."""
    if isinstance(shape, StructureShape):
        for name, part in value.items():
            yield from violations(part, shape.members[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        for number, part in enumerate(value):
            yield from violations(part, shape.member, f"{where}[{number}]")
        yield from wrong_size(len(value), shape, where)
    elif isinstance(shape, MapShape):
        for name, part in value.items():
            yield from violations(name, shape.key, f"{where}.{name}")
            yield from violations(part, shape.value, f"{where}.{name}")
    elif isinstance(shape, StringShape):
        yield from wrong_size(len(value), shape, where)
        if shape.enum and value not in shape.enum:
            yield f"{where} is none of {shape.enum}: {value}"
        # The patterns are Java's, in which code points beyond 16 bits are pairs of surrogates.
        pattern = shape.metadata.get("pattern", "").replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{where} is not as {pattern}: {value}"


def wrong_size(size: int, shape: Shape, where: str) -> Iterator[str]:
    if not shape.metadata.get("min", 0) <= size <= shape.metadata.get("max", size):
        yield f"{where} has a length of {size}: {shape.metadata}"


def test_every_request_of_a_publication_is_one_that_glue_accepts(case: GlueCase) -> None:
    case.put(date(2025, 3, 1))
    case.catalog.publish()
    case.tables._objects.delete("tracks/snapshot_date=2025-03-01/part-0.parquet")
    case.glue.update_table(DatabaseName=case.name, TableInput={"Name": "albums"} | _as_input(case.table("albums")))
    case.catalog.publish()
    asked = [(name, params) for name, params in case.wire.calls if name in MODEL.operation_names]
    assert {name for name, _ in asked} >= {"CreateDatabase", "CreateTable", "UpdateTable", "BatchCreatePartition"}
    for name, params in asked:
        shape = MODEL.operation_model(name).input_shape
        assert shape is not None
        report = ParamValidator().validate(params, shape)
        assert not report.has_errors(), report.generate_report()
        assert list(violations(params, shape, name)) == []


def _as_input(table: dict[str, Any]) -> Any:
    """A changed definition, so that the next publication has to change it back."""
    kept = ("TableType", "StorageDescriptor", "PartitionKeys", "Parameters")
    return {"Description": "changed", **{name: table[name] for name in kept}}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"Description": "x" * 2049}, ".TableInput.Description has a length of 2049"),
        ({"Description": "a\x07b"}, ".TableInput.Description is not as"),
        ({"StorageDescriptor": {"Columns": [{"Name": "a", "Comment": "x" * 256}]}}, "Columns[0].Comment has a length"),
        ({"Name": "\N{MUSICAL NOTE}\N{MUSICAL SYMBOL G CLEF}"}, None),
    ],
)
def test_the_model_is_asked_for_more_than_botocore_asks(changed: dict[str, Any], found: str | None) -> None:
    shape = MODEL.operation_model("CreateTable").input_shape
    assert shape is not None
    request = {"DatabaseName": "d", "TableInput": {"Name": "t"} | changed}
    assert not ParamValidator().validate(request, shape).has_errors()
    told = list(violations(request, shape))
    assert found in told[0] if found else not told
