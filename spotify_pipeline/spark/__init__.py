"""The transformation of a day on Apache Spark, for days that are too large for one machine.

Executors decode the shares of a day as any process does, and write their rows into the day's stage. What shares have in
common is merged by Spark. Audit and publication are not here: they find a staged day, whoever has staged it.

There is no Dagster in here but Dagster Pipes, and pyspark is imported late, because Spark brings its own.
"""
