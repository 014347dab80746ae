"""Tables and partitions in the words of the Glue Data Catalog, made from the declarations; and what fits what.

Athena, Spark, Trino and Redshift Spectrum read the same definition: an external Hive table over Parquet files, the
partition column beside the columns. Nothing here asks AWS.
"""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from spotify_pipeline.tables.partition import MONTH_COLUMN, PARTITION_COLUMN, PARTITION_DESCRIPTION
from spotify_pipeline.tables.schema import ColumnType, Table, View

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import (
        ColumnTypeDef,
        PartitionInputTypeDef,
        PartitionTypeDef,
        StorageDescriptorOutputTypeDef,
        StorageDescriptorTypeDef,
        TableInputTypeDef,
        TableTypeDef,
    )

_HIVE = "org.apache.hadoop.hive.ql.io.parquet"
_SERDE = f"{_HIVE}.serde.ParquetHiveSerDe"
_SERDE_PARAMETERS = {"serialization.format": "1"}
_CLASSIFICATION = {"classification": "parquet"}
_PARAMETERS = {
    **_CLASSIFICATION,
    "EXTERNAL": "TRUE",  # Hive's and Spark's word for: dropping the table leaves the files
    "compressionType": "none",  # of the files as a whole; Parquet compresses inside. Crawlers compare it
    "typeOfData": "file",
}
_PROJECTION = "projection."  # its parameters make Athena compute partitions instead of asking which are registered

_EXTERNAL_TABLE = "EXTERNAL_TABLE"
DAY_KEY: "ColumnTypeDef" = {"Name": PARTITION_COLUMN, "Type": ColumnType.DATE.value, "Comment": PARTITION_DESCRIPTION}
MONTH_KEY: "ColumnTypeDef" = {
    "Name": MONTH_COLUMN,
    "Type": ColumnType.DATE.value,
    "Comment": "The first day of the month.",
}
"""By what a table can be partitioned."""


def table_input(table: Table, location: str, key: "ColumnTypeDef" = DAY_KEY) -> "TableInputTypeDef":
    """The definition of a table whose files are under `location`, an `s3://` address, partitioned by `key`."""
    return {
        "Name": table.name,
        "Description": table.description,
        "TableType": _EXTERNAL_TABLE,
        "StorageDescriptor": _storage(table, location),
        "PartitionKeys": [key],
        "Parameters": _PARAMETERS,
    }


def partition_input(table: Table, day: date, location: str) -> "PartitionInputTypeDef":
    """The definition of a partition of a table, a day or a month, whose files are in the folder `location`."""
    return {
        "Values": [day.isoformat()],
        "StorageDescriptor": _storage(table, location),
        "Parameters": _CLASSIFICATION,
    }


def day_location(table_location: str, day: date) -> str:
    """Where the files of a day of a table are."""
    return f"{table_location.rstrip('/')}/{PARTITION_COLUMN}={day}/"


def updated(found: "TableTypeDef", table: Table, location: str, key: "ColumnTypeDef" = DAY_KEY) -> "TableInputTypeDef":
    """What a table in the catalog has to become: as declared, but with what others, such as crawlers, have set on it.

    It equals what `as_input` makes of `found` where nothing has to be done.
    """
    theirs = {name: value for name, value in found.get("Parameters", {}).items() if not name.startswith(_PROJECTION)}
    return {
        **as_input(found),
        **table_input(table, location, key),
        "StorageDescriptor": _storage(table, location, found.get("StorageDescriptor", {})),
        "Parameters": {**theirs, **_PARAMETERS},
    }


def as_input(found: "TableTypeDef") -> "TableInputTypeDef":
    """What would define the table in the catalog as it is."""
    storage = found.get("StorageDescriptor", {})
    made: TableInputTypeDef = {
        "Name": found["Name"],
        "Description": found.get("Description", ""),
        "TableType": found.get("TableType", ""),
        "StorageDescriptor": _comparable(storage),
        "PartitionKeys": [comparable_column(column) for column in found.get("PartitionKeys", [])],
        "Parameters": found.get("Parameters", {}),
    }
    if found.get("Owner"):  # an empty one may be shown, but not be given
        made["Owner"] = found["Owner"]
    if "Retention" in found:
        made["Retention"] = found["Retention"]
    return made


def fits(found: "PartitionTypeDef", declared: "PartitionInputTypeDef") -> bool:
    """Whether who reads a partition in the catalog reads what is declared; comments and statistics do not matter."""
    return _as_read(found.get("StorageDescriptor", {})) == _as_read(declared.get("StorageDescriptor", {}))


def incompatibilities(
    found: "TableTypeDef", table: Table, location: str, key: "ColumnTypeDef" = DAY_KEY
) -> Iterator[str]:
    """Why a table in the catalog cannot become what is declared without breaking those who read it."""
    if (kind := found.get("TableType", "")) != _EXTERNAL_TABLE:
        yield f"it is of the type {kind or 'none'}, not {_EXTERNAL_TABLE}"
        return
    storage = found.get("StorageDescriptor", {})
    if (serde := storage.get("SerdeInfo", {}).get("SerializationLibrary", "")) != _SERDE:
        yield f"it is read by {serde or 'nothing'}, not as Parquet"
    if (place := storage.get("Location", "")).rstrip("/") != location.rstrip("/"):
        yield f"its files are in {place or 'no place'}, not in {location}"
    keys = [(column["Name"], column.get("Type", "")) for column in found.get("PartitionKeys", [])]
    if keys != [(key["Name"], key.get("Type", ""))]:
        shown = ", ".join(f"{name} {kind}" for name, kind in keys) or "nothing"
        yield f"it is partitioned by {shown}, not {key['Name']} {key.get('Type', '')}"
    declared = {column.name: column.type.value for column in table.columns}
    for column in found.get("StorageDescriptor", {}).get("Columns", []):
        name = column["Name"]
        if name not in declared:
            yield f"it has a column {name}, which this version does not know"
        elif column.get("Type") != declared[name]:
            yield f"its column {name} is {column.get('Type')}, not {declared[name]}"


def _storage(
    table: Table, location: str, found: "StorageDescriptorOutputTypeDef | None" = None
) -> "StorageDescriptorTypeDef":
    """How the files under `location` are read; with the parameters that others have set on what is there already."""
    found = found or {}
    return {
        "Columns": columns_of(table),
        "Location": location,
        "InputFormat": f"{_HIVE}.MapredParquetInputFormat",
        "OutputFormat": f"{_HIVE}.MapredParquetOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": _SERDE,
            "Parameters": {**found.get("SerdeInfo", {}).get("Parameters", {}), **_SERDE_PARAMETERS},
        },
        "Parameters": {**found.get("Parameters", {}), **_CLASSIFICATION},
    }


def columns_of(described: Table | View) -> "list[ColumnTypeDef]":
    """The declared columns, with Hive's names of their types and the descriptions as comments."""
    return [
        {"Name": column.name, "Type": column.type.value, "Comment": column.description} for column in described.columns
    ]


def _comparable(found: "StorageDescriptorOutputTypeDef") -> "StorageDescriptorTypeDef":
    """The parts of a storage descriptor that we define; Glue adds others with their defaults."""
    serde = found.get("SerdeInfo", {})
    return {
        "Columns": [comparable_column(column) for column in found.get("Columns", [])],
        "Location": found.get("Location", ""),
        "InputFormat": found.get("InputFormat", ""),
        "OutputFormat": found.get("OutputFormat", ""),
        "SerdeInfo": {
            "SerializationLibrary": serde.get("SerializationLibrary", ""),
            "Parameters": serde.get("Parameters", {}),
        },
        "Parameters": found.get("Parameters", {}),
    }


def _as_read(storage: Any) -> tuple[object, ...]:  # noqa: ANN401  # what Glue gives, or takes
    columns = [(column["Name"], column.get("Type")) for column in storage.get("Columns", [])]
    serde = storage.get("SerdeInfo", {}).get("SerializationLibrary")
    return columns, storage.get("Location", "").rstrip("/"), serde


def comparable_column(column: Any) -> "ColumnTypeDef":  # noqa: ANN401  # what Glue gives, or takes
    """A column of the catalog without what Glue adds."""
    return {"Name": column["Name"], "Type": column.get("Type", ""), "Comment": column.get("Comment", "")}
