"""The job in AWS Glue, as deploy/template.yaml has it started."""

from argparse import ArgumentParser

from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.spark.entry import parser, run


def options() -> ArgumentParser:
    """The arguments that the job has, or a run of it."""
    made = parser()
    made.add_argument("--raw-bucket", required=True, help="the bucket of raw documents")
    made.add_argument("--tables-bucket", required=True, help="the bucket of tables")
    return made


def main() -> None:
    """Do what the arguments say; Glue adds some of its own."""
    arguments, _ = options().parse_known_args()
    run(
        arguments,
        AwsWarehouse,
        SPOTIFY_PIPELINE_TARGET="aws",
        SPOTIFY_PIPELINE_RAW_BUCKET=arguments.raw_bucket,
        SPOTIFY_PIPELINE_TABLES_BUCKET=arguments.tables_bucket,
    )
