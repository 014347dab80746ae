"""The daily partitions, the UTC days on which Spotify was asked, and their months."""

from datetime import date

from dagster import DailyPartitionsDefinition, MonthlyPartitionsDefinition


def daily_partitions(start: date) -> DailyPartitionsDefinition:
    """A partition for each day from `start` on; today is one from midnight, since it is today that is extracted."""
    return DailyPartitionsDefinition(start_date=start.isoformat(), timezone="UTC", end_offset=1)


def monthly_partitions(start: date) -> MonthlyPartitionsDefinition:
    """A partition for each month from that of `start` on, once it is over."""
    return MonthlyPartitionsDefinition(start_date=start.replace(day=1).isoformat(), timezone="UTC")


def partition_day(partition_key: str) -> date:
    """The day of a partition, or the first day of a month."""
    return date.fromisoformat(partition_key)
