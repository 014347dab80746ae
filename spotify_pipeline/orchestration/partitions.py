"""The daily partitions: the UTC days on which Spotify was asked."""

from datetime import date

from dagster import DailyPartitionsDefinition


def daily_partitions(start: date) -> DailyPartitionsDefinition:
    """A partition for each day from `start` on; today is one from midnight, since it is today that is extracted."""
    return DailyPartitionsDefinition(start_date=start.isoformat(), timezone="UTC", end_offset=1)


def partition_day(partition_key: str) -> date:
    """The day of a partition."""
    return date.fromisoformat(partition_key)
