"""A history in S3, its tables in the Glue Data Catalog, and what the catalog tells whoever asks it."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.catalog.glue import GlueCatalog
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.storage.objects import S3Store
from spotify_pipeline.storage.tables import TableStore

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


class Partition(NamedTuple):
    """A registered partition: the value of each partition key, as text, and a folder with copies of its objects."""

    values: list[str]
    folder: Path


class Registered(NamedTuple):
    """A table as Glue tells it: columns and partition keys with the names of their types, and the partitions."""

    columns: dict[str, str]
    keys: dict[str, str]
    partitions: list[Partition]


def upload(backends: Backends, s3: "S3Client", bucket: str) -> TableStore:
    """The history's tables in a new bucket, byte for byte as in its folder."""
    s3.create_bucket(Bucket=bucket)
    target = S3Store(s3, bucket)
    source = backends.object_stores["tables"]
    for key in source.list(""):
        target.put(key, source.get(key))
    return TableStore(target)


def register(glue: "GlueClient", database: str, tables: TableStore) -> None:
    """The tables and their published partitions in a Glue database, as a publication registers them."""
    GlueCatalog(GlueDatabase(glue, database, tables), tables).publish()


def download(glue: "GlueClient", s3: "S3Client", database: str, table: str, folder: Path) -> Registered:
    """What the catalog tells of a table, with the objects of its partitions under their keys in a folder."""
    told = glue.get_table(DatabaseName=database, Name=table)["Table"]
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table)
    partitions = []
    for partition in (partition for page in pages for partition in page["Partitions"]):
        location = urlsplit(partition["StorageDescriptor"]["Location"])
        prefix = location.path.lstrip("/")
        for found in s3.list_objects_v2(Bucket=location.netloc, Prefix=prefix)["Contents"]:
            path = folder / found["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=location.netloc, Key=found["Key"])["Body"].read())
        partitions.append(Partition(partition["Values"], folder / prefix))
    return Registered(
        {column["Name"]: column["Type"] for column in told["StorageDescriptor"]["Columns"]},
        {key["Name"]: key["Type"] for key in told["PartitionKeys"]},
        partitions,
    )
