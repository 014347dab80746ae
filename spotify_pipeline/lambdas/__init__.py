"""Entry points for AWS Lambda, over the same steps as Dagster's ops. They import neither Dagster nor the other's parts."""
