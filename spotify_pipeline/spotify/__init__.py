"""The Spotify Web API: client, tokens, typed documents and extraction. No Dagster, no storage, no AWS."""
