"""The demo's stand-in for Spotify in a process of its own, until its standard input ends; it prints its settings."""

import json
import sys
from datetime import date

from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer

day = date(2025, 6, 1)
with DemoServer(DemoCatalogue(1, day), day=day) as server:
    settings = {
        "SPOTIFY_PIPELINE_API_URL": f"{server.url}/v1/",
        "SPOTIFY_PIPELINE_ACCOUNTS_URL": f"{server.url}/",
        "SPOTIFY_PIPELINE_TODAY": str(day),
        "SPOTIPY_CLIENT_ID": server.client_id,
        "SPOTIPY_CLIENT_SECRET": server.client_secret,
        "SPOTIFY_REFRESH_TOKEN": server.refresh_token,
    }
    print(json.dumps(settings), flush=True)
    sys.stdin.read()
