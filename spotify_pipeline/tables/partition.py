"""The partition column, which raw documents and all tables share."""

PARTITION_COLUMN = "snapshot_date"
"""In the path of every file, never inside it."""
PARTITION_DESCRIPTION = "The UTC day on which Spotify was asked."
MONTH_COLUMN = "month"
"""The partition column of months: their first day."""
