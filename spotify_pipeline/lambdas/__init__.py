"""Entry points for AWS Lambda, over the same steps as Dagster's ops: one function extracts, one makes tables of it.

Neither imports Dagster, or what only the other needs.
"""
