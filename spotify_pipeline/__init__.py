"""A daily, honest history of Spotify playlists: raw JSON, tidy tables, a catalog and SQL."""
