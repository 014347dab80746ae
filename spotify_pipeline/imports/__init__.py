"""Files of other tools: a reader for each format, and what it finds: playlists on days, rows refused with a reason.

Nothing is stored here, and nothing is known of Dagster. What a format does not hold is left out of the documents.
"""
