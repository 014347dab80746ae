"""The job in AWS Glue, as deploy/template.yaml has it started."""

from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.spark.entry import parser, run


def main() -> None:
    """Do what the arguments of the run say; Glue adds more of its own."""
    options = parser()
    options.add_argument("--raw-bucket", required=True, help="the bucket of raw documents")
    options.add_argument("--tables-bucket", required=True, help="the bucket of tables")
    arguments, _ = options.parse_known_args()
    run(
        arguments,
        AwsWarehouse,
        SPOTIFY_PIPELINE_TARGET="aws",
        SPOTIFY_PIPELINE_RAW_BUCKET=arguments.raw_bucket,
        SPOTIFY_PIPELINE_TABLES_BUCKET=arguments.tables_bucket,
    )
