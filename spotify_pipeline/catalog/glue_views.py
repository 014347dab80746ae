"""Views in the words of the Glue Data Catalog, as Athena itself writes them; Trino reads them too, and Spark does not.

AWS documents no other way to make a view than by a statement to Athena, for which whoever publishes would need to be
allowed more than Glue. What such a statement leaves in Glue is what is written here. Nothing here asks AWS.
"""

import base64
import json
from typing import TYPE_CHECKING

from spotify_pipeline.catalog.glue_definitions import columns_of, comparable_column
from spotify_pipeline.tables.schema import ColumnType, View

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef, TableTypeDef

_VIRTUAL_VIEW = "VIRTUAL_VIEW"
_CATALOG = "awsdatacatalog"  # Athena's name for Glue, in which a view looks for its tables
_PARAMETERS = {"presto_view": "true", "comment": "Presto View"}  # by which Athena and Trino know their own views
_TRINO_TYPES = {
    ColumnType.STRING: "varchar",
    ColumnType.INTEGER: "integer",
    ColumnType.BIGINT: "bigint",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp(3)",
    ColumnType.STRINGS: "array(varchar)",
}


def view_input(view: View, database: str) -> "TableInputTypeDef":
    """The definition of a view over the tables of a database: its statement is JSON, in base64, in a comment.

    It has no description, because to Trino that is the comment, by which it then no longer knows its view.
    """
    definition = {
        "originalSql": view.sql,
        "catalog": _CATALOG,
        "schema": database,
        "columns": [{"name": column.name, "type": _TRINO_TYPES[column.type]} for column in view.columns],
        "runAsInvoker": True,  # who asks has to be allowed to read the tables: there is nobody else to ask as
    }
    return {
        "Name": view.name,
        "TableType": _VIRTUAL_VIEW,
        "StorageDescriptor": {"Columns": columns_of(view), "SerdeInfo": {}},
        "PartitionKeys": [],
        "Parameters": _PARAMETERS,
        "ViewOriginalText": f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */",
        "ViewExpandedText": "/* Presto View */",
    }


def is_view(found: "TableTypeDef") -> bool:
    """Whether what is in the catalog has no files of its own, and so can be replaced by a view."""
    return found.get("TableType") == _VIRTUAL_VIEW


def fits_view(found: "TableTypeDef", view: View, database: str) -> bool:
    """Whether a view in the catalog is as declared, whatever else Glue or others say of it."""
    columns = [comparable_column(column) for column in found.get("StorageDescriptor", {}).get("Columns", [])]
    return (
        is_view(found)
        and found.get("ViewOriginalText") == view_input(view, database).get("ViewOriginalText")
        and not found.get("Description")
        and found.get("Parameters", {}).items() >= _PARAMETERS.items()
        and columns == columns_of(view)
    )
